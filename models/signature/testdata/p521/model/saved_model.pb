a graph
