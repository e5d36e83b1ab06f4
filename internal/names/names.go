// Package names holds every name that is stored or read by other software:
// graph operations, checkpoint keys, signature keys. A name used in two places
// is written here once.
package names

// Operations of a training or inference graph, by the role they play. All carry
// one output, :0, unless the comment says target.
const (
	Images            = "images"             // feed [N,H,W,3] uint8 RGB
	Features          = "features"           // [N,…] float32 that the frozen part of a tower makes of images; may be fed in their place
	HeadInput         = "head_input"         // fetch [N,F] float32, what the head sees, where it starts from a closed form
	Left              = "left"               // feed [M] int32, rows of the images
	Right             = "right"              // feed [M] int32, rows of the images
	Same              = "same"               // feed [M] float32, 1 same, 0 different
	Labels            = "labels"             // feed [N] int32, class of each image, counted from 0
	Classes           = "classes"            // feed [] int32, how many classes there are, for the closed form of a head
	Anchor            = "anchor"             // feed [T] int32, rows of the images: reference of each triplet
	Positive          = "positive"           // feed [T] int32, which of the M pairs is that of anchor and positive
	Negative          = "negative"           // feed [T] int32, which of the M pairs is that of anchor and negative
	Count             = "count"              // [] int32: N, where triplets are chosen; may be fed to the loss of embeddings that are fed
	Photos            = "photos"             // feed [M] int32, rows of the images, where some are label images
	LabelImages       = "label_images"       // feed [R] int32, rows of the images: the label images among them
	References        = "references"         // [R,D] float32, embeddings of label images; a feed where these are frozen
	Targets           = "targets"            // feed [M] int32, which of the references each photo belongs to
	LearningRate      = "learning_rate"      // feed [] float32, this step's learning rate
	Step              = "step"               // feed [] float32, updates done before this one
	Embedding         = "embedding"          // fetch [N,D] float32; may be fed to compare stored embeddings
	TrainingEmbedding = "training_embedding" // [N,D] float32 that the loss sees, where it is not names.Embedding; may be fed
	Distance          = "distance"           // fetch [M] float32 >= 0
	Probability       = "probability"        // fetch [M] float32 in [0,1], of "same"
	Loss              = "loss"               // fetch [] float32
	Active            = "active"             // fetch [] float32 in [0,1]: share of the tuples that cost something
	Train             = "train"              // target: one optimizer update
	Statistics        = "statistics"         // target: what Train changes beside weights, such as averages of batch norm
	Apply             = "apply"              // target: one optimizer update by the gradients that are fed
	EmbeddingGradient = "embedding_gradient" // fetch [N,D]: the gradient of the loss with respect to the embedding that it sees, where batches are embedded in chunks
	ChunkGradient     = "chunk_gradient"     // feed [n,D]: that gradient, of the images of a chunk
	ChunkStatistics   = "chunk_statistics"   // target: what Statistics changes of the tower
	LossStatistics    = "loss_statistics"    // target: and of the loss
	SumsTake          = "sums/take"          // fetch: of a graph of several processes, what one tells the others next
	SumsValue         = "sums/value"         // feed: what it waits for from them
	SumsGive          = "sums/give"          // target: hands it on
	SumsEnd           = "sums/end"           // target: nothing comes any more, and what waits fails
	SumsOwn           = "sums/own"           // the queue of SumsTake
	SumsAll           = "sums/all"           // the queue of SumsGive
	Assign            = "assign"             // target: sets every variable from its value feed
)

// Operations of an exported graph. All carry one output, :0, unless the comment says target.
const (
	ServingImages         = "serving_default_images"    // feed [N,H,W,3] uint8 RGB
	ServingEmbedding      = "serving_default_embedding" // fetch [N,D] float32
	CompareLeft           = "compare_left"              // feed [N,H,W,3] uint8 RGB
	CompareRight          = "compare_right"             // feed [N,H,W,3] uint8 RGB
	CompareLeftEmbedding  = "compare_left_embedding"    // [N,D] float32; may be fed to compare stored embeddings
	CompareRightEmbedding = "compare_right_embedding"   // [N,D] float32; likewise
	CompareDistance       = "compare_distance"          // fetch [N] float32 >= 0
	CompareSame           = "compare_same"              // fetch [N] bool
	CompareProbability    = "compare_probability"       // fetch [N] float32 in [0,1], of "same"
	SavePrefix            = "save/prefix"               // feed [] string, where variables are kept
	Save                  = "save/save"                 // fetch [] string: writes the variables
	Restore               = "save/restore"              // target: reads the variables
)

// What a model.onnx says of itself, in its metadata.
const (
	MetaSpace         = "tfpair.embedding_space" // id: embeddings can be compared where it is equal
	MetaPreprocessing = "tfpair.preprocessing"   // JSON, as in the manifest
	MetaDistance      = "tfpair.distance"        // by which embeddings are compared: "euclidean"
	MetaThreshold     = "tfpair.threshold"       // distance up to which two images are the same; absent: there is none
)

// Attributes of nodes of an int8 graph that TensorFlow leaves alone: their names begin with an underscore.
const (
	ConvolvedRange = "_convolved_range" // floats, least and largest: what a convolution gives before its summand is added
)

// Signatures of an exported model and the keys of their inputs and outputs.
const (
	ServingDefault = "serving_default" // images → embedding
	Serve          = "serve"           // the same under the name of the tag
	Compare        = "compare"         // left, right → distance, same[, probability]

	KeyImages      = "images"
	KeyEmbedding   = "embedding"
	KeyLeft        = "left"
	KeyRight       = "right"
	KeyDistance    = "distance"
	KeySame        = "same"
	KeyProbability = "probability"
)

// Dense is the one layer of a linear head: a part of its keys.
const Dense = "dense"

// Power is the variable of a pooling that learns its power: the last part of its key. Weights of others lack it.
const Power = "power"

// OwnLayout is the layout of weights that tfpair wrote, as a model and its run tell of them.
const OwnLayout = "tfpair"

// Suffixes of a variable's operations: "backbone/conv1/kernel/read".
const (
	Read  = "/read"   // fetch: the value
	Value = "/value"  // feed: the value to assign
	Store = "/assign" // target: assigns that one

	InChunk  = "/chunk"    // fetch: what the images of a chunk add to the gradient, of a trained variable
	Gradient = "/gradient" // fetch: the gradient of the loss, of a trained variable; with Value behind it a feed: that to apply
)

// Prefixes of variable keys.
const (
	Backbone  = "backbone"
	Head      = "head"
	LossScope = "loss"      // of the log-odds of a loss: part of the exported model
	Objective = "objective" // of what a loss learns for itself, such as proxies: no part of it
	Optimizer = "optimizer"
	Live      = "live" // of what is trained, where its moving average is the model
)

// Summed marks an operation of training that several processes add up, and its gradient. The length of its vector follows.
const Summed = "sum over processes of length "
