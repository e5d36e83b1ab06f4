"""Exact search by FAISS' flat index, one thread: blocks of single queries, on request.

python faiss_flat.py VECTORS QUERIES DIM K. Both files are rows of float32 of length 1, so that the inner product
ranks as the cosine does. It prints "ready"; for each line it reads, a number of queries, "block": the seconds of
each, the rows found, and the processor time of all.
"""

import json
import sys
import time

import faiss
import numpy as np


def main(vectors, queries, dim, k):
    dim, k = int(dim), int(k)
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(dim)
    index.add(np.fromfile(vectors, "<f4").reshape(-1, dim))
    asked = np.fromfile(queries, "<f4").reshape(-1, dim)
    index.search(asked[:1], k)
    print(json.dumps({"event": "ready"}), flush=True)
    at = 0
    for line in sys.stdin:
        seconds, rows, processor = [], [], time.process_time()
        for _ in range(int(line)):
            began = time.perf_counter()
            found = index.search(asked[at : at + 1], k)[1][0]
            seconds.append(time.perf_counter() - began)
            rows.append(found.tolist())
            at = (at + 1) % len(asked)
        print(json.dumps({"event": "block", "seconds": seconds, "rows": rows, "processor": time.process_time() - processor}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
