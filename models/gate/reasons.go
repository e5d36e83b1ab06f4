package gate

import "path"

// reasons say what operations do that no kind holds, by patterns of their names. The first that
// fits is told; an operation needs no reason to be refused.
var reasons = []struct{ pattern, does string }{
	{"Abort", "it ends the program"},
	{"Write*Summary", "it writes files"},
	{"Write*", "it writes files"},
	{"Save*", "it writes files"},
	{"MergeV2Checkpoints", "it moves files"},
	{"*SaveDataset*", "it writes files"},
	{"*DatasetToTFRecord", "it writes files"},
	{"DumpTensor", "it writes files"},
	{"Create*Writer", "it writes files"},
	{"*SummaryWriter", "it writes files"},
	{"Debug*", "it writes what it sees to a file or to another machine"},
	{"ReadFile", "it reads files"},
	{"MatchingFiles", "it lists files"},
	{"Restore*", "it reads files"},
	{"LoadAndRemapMatrix", "it reads files"},
	{"GenerateVocabRemapping", "it reads files"},
	{"ImmutableConst", "it maps a file into memory"},
	{"FixedUnigramCandidateSampler", "it reads a file"},
	{"Skipgram", "it reads a file"},
	{"RecordInput", "it reads files"},
	{"*codeProto*", "it reads a file that describes messages"},
	{"*Reader*", "it reads files"},
	{"InitializeTableFrom*", "it reads a file"},
	{"*PyFunc*", "it calls Python"},
	{"Rpc*", "it talks to other machines"},
	{"DataServiceDataset*", "it talks to other machines"},
	{"Collective*", "it talks to other machines"},
	{"Nccl*", "it talks to other machines"},
	{"Send", "it talks to other machines"},
	{"Recv", "it waits for other machines"},
	{"RemoteCall", "it runs on other machines"},
	{"*TPU*", "it drives a TPU"},
	{"*Dataset*", "it reads data by itself, files among it"},
	{"*Iterator*", "it reads data by itself, files among it"},
	{"*Queue*", "it may wait for ever"},
	{"*Barrier*", "it may wait for ever"},
	{"*Stage*", "it may wait for ever"},
	{"*Unstage*", "it may wait for ever"},
	{"*Mutex*", "it may wait for ever"},
	{"Empty", "it shows memory that others used before"},
	{"FileSystemSetConfiguration", "it changes how files are opened"},
	{"Xla*", "it runs a program that is not checked"},
	{"*Compile*", "it runs a program that is not checked"},
	{"TRT*", "it runs a program that is not checked"},
	{"_*", "it is an internal operation of TensorFlow"},
}

// reasonOf says why an operation that no kind holds is refused.
func reasonOf(op string) string {
	for _, r := range reasons {
		if fits, err := path.Match(r.pattern, op); err == nil && fits {
			return r.does
		}
	}
	return "it is not known to only compute"
}
