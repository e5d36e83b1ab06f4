package gate

import "strings"

// kind is a group of operations that only compute: from their inputs, from their attributes, and
// from variables and tables that live in the model's memory. No operation of a kind opens a file or
// a connection, runs code of another kind, waits for something that nobody sends, or ends the process.
type kind struct {
	name string
	does string // what a person reads
	ops  string // names, by spaces
}

// kinds list all operations that a model may hold without trust. They are those of TensorFlow 2.21
// that were looked at and found to only compute; what a later version adds is not in the list.
var kinds = []kind{
	{"control", "calls of functions, branches and loops", `
		Assert Case ControlTrigger Enter Exit For If LoopCond Merge NextIteration NoOp PartitionedCall
		RefEnter RefExit RefIdentity RefMerge RefNextIteration RefSelect RefSwitch
		StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile Switch ToBool While`},
	{"values", "constants, inputs, and values as they are", `
		Bitcast CheckNumerics CheckNumericsV2 Const EnsureShape FakeParam Fingerprint GuaranteeConst
		Identity IdentityN Placeholder PlaceholderV2 PlaceholderWithDefault PreventGradient Snapshot
		StopGradient`},
	{"variables", "the model's own variables, in memory", `
		Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp
		DisableCopyOnRead IsVariableInitialized ReadVariableOp ResourceGather ResourceGatherNd
		ResourceScatterAdd ResourceScatterDiv ResourceScatterMax ResourceScatterMin ResourceScatterMul
		ResourceScatterNdAdd ResourceScatterNdMax ResourceScatterNdMin ResourceScatterNdSub
		ResourceScatterNdUpdate ResourceScatterSub ResourceScatterUpdate ResourceStridedSliceAssign
		ScatterAdd ScatterDiv ScatterMax ScatterMin ScatterMul ScatterNdAdd ScatterNdMax ScatterNdMin
		ScatterNdSub ScatterNdUpdate ScatterSub ScatterUpdate StridedSliceAssign VarHandleOp
		VarIsInitializedOp Variable VariableShape VariableV2`},
	{"optimizers", "changes of the model's own variables", `
		ApplyAdaMax ApplyAdadelta ApplyAdagrad ApplyAdagradDA ApplyAdagradV2 ApplyAdam ApplyAddSign
		ApplyCenteredRMSProp ApplyFtrl ApplyFtrlV2 ApplyGradientDescent ApplyMomentum ApplyPowerSign
		ApplyProximalAdagrad ApplyProximalGradientDescent ApplyRMSProp ResourceApplyAdaMax
		ResourceApplyAdadelta ResourceApplyAdagrad ResourceApplyAdagradDA ResourceApplyAdagradV2
		ResourceApplyAdam ResourceApplyAdamWithAmsgrad ResourceApplyAddSign ResourceApplyCenteredRMSProp
		ResourceApplyFtrl ResourceApplyFtrlV2 ResourceApplyGradientDescent ResourceApplyKerasMomentum
		ResourceApplyMomentum ResourceApplyPowerSign ResourceApplyProximalAdagrad
		ResourceApplyProximalGradientDescent ResourceApplyRMSProp ResourceSparseApplyAdadelta
		ResourceSparseApplyAdagrad ResourceSparseApplyAdagradDA ResourceSparseApplyAdagradV2
		ResourceSparseApplyCenteredRMSProp ResourceSparseApplyFtrl ResourceSparseApplyFtrlV2
		ResourceSparseApplyKerasMomentum ResourceSparseApplyMomentum ResourceSparseApplyProximalAdagrad
		ResourceSparseApplyProximalGradientDescent ResourceSparseApplyRMSProp SparseApplyAdadelta
		SparseApplyAdagrad SparseApplyAdagradDA SparseApplyAdagradV2 SparseApplyCenteredRMSProp
		SparseApplyFtrl SparseApplyFtrlV2 SparseApplyMomentum SparseApplyProximalAdagrad
		SparseApplyProximalGradientDescent SparseApplyRMSProp`},
	{"tables", "the model's own tables, in memory", `
		AnonymousHashTable AnonymousMutableDenseHashTable AnonymousMutableHashTable
		AnonymousMutableHashTableOfTensors HashTable HashTableV2 InitializeTable InitializeTableV2
		LookupTableExport LookupTableExportV2 LookupTableFind LookupTableFindV2 LookupTableImport
		LookupTableImportV2 LookupTableInsert LookupTableInsertV2 LookupTableRemoveV2 LookupTableSize
		LookupTableSizeV2 MutableDenseHashTable MutableDenseHashTableV2 MutableHashTable
		MutableHashTableOfTensors MutableHashTableOfTensorsV2 MutableHashTableV2`},
	{"lists", "lists and arrays of tensors", `
		EmptyTensorList TensorArray TensorArrayClose TensorArrayCloseV2 TensorArrayCloseV3
		TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3 TensorArrayGather TensorArrayGatherV2
		TensorArrayGatherV3 TensorArrayGrad TensorArrayGradV2 TensorArrayGradV3 TensorArrayGradWithShape
		TensorArrayPack TensorArrayRead TensorArrayReadV2 TensorArrayReadV3 TensorArrayScatter
		TensorArrayScatterV2 TensorArrayScatterV3 TensorArraySize TensorArraySizeV2 TensorArraySizeV3
		TensorArraySplit TensorArraySplitV2 TensorArraySplitV3 TensorArrayUnpack TensorArrayV2
		TensorArrayV3 TensorArrayWrite TensorArrayWriteV2 TensorArrayWriteV3 TensorListConcat
		TensorListConcatLists TensorListConcatV2 TensorListElementShape TensorListFromTensor
		TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack
		TensorListPushBackBatch TensorListReserve TensorListResize TensorListScatter
		TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem TensorListSplit
		TensorListStack`},
	{"random", "random numbers", `
		AllCandidateSampler ComputeAccidentalHits LearnedUnigramCandidateSampler
		LogUniformCandidateSampler Multinomial ParameterizedTruncatedNormal RandomCrop RandomGamma
		RandomGammaGrad RandomIndexShuffle RandomPoisson RandomPoissonV2 RandomShuffle
		RandomStandardNormal RandomUniform RandomUniformInt RngReadAndSkip RngSkip
		SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 SobolSample StatefulRandomBinomial
		StatefulStandardNormal StatefulStandardNormalV2 StatefulTruncatedNormal StatefulUniform
		StatefulUniformFullInt StatefulUniformInt StatelessMultinomial
		StatelessParameterizedTruncatedNormal StatelessRandomBinomial StatelessRandomGammaV2
		StatelessRandomGammaV3 StatelessRandomGetAlg StatelessRandomGetKeyCounter
		StatelessRandomGetKeyCounterAlg StatelessRandomNormal StatelessRandomNormalV2
		StatelessRandomPoisson StatelessRandomUniform StatelessRandomUniformFullInt
		StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2
		StatelessRandomUniformV2 StatelessSampleDistortedBoundingBox StatelessShuffle
		StatelessTruncatedNormal StatelessTruncatedNormalV2 ThreadUnsafeUnigramCandidateSampler
		TruncatedNormal UniformCandidateSampler`},
	{"images", "pictures decoded from bytes, resized, cropped", `
		AdjustContrast AdjustContrastv2 AdjustHue AdjustSaturation CombinedNonMaxSuppression
		CropAndResize CropAndResizeGradBoxes CropAndResizeGradImage DecodeAndCropJpeg DecodeBmp
		DecodeGif DecodeImage DecodeJpeg DecodePng DecodeWebP DrawBoundingBoxes DrawBoundingBoxesV2
		EncodeJpeg EncodeJpegVariableQuality EncodePng ExtractGlimpse ExtractGlimpseV2
		ExtractImagePatches ExtractJpegShape ExtractVolumePatches HSVToRGB ImageProjectiveTransformV2
		ImageProjectiveTransformV3 NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3
		NonMaxSuppressionV4 NonMaxSuppressionV5 NonMaxSuppressionWithOverlaps RGBToHSV ResizeArea
		ResizeBicubic ResizeBicubicGrad ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor
		ResizeNearestNeighborGrad ScaleAndTranslate ScaleAndTranslateGrad`},
	{"text", "strings", `
		AsString DecodeBase64 EditDistance EncodeBase64 ReduceJoin RegexFullMatch RegexReplace
		StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength StringLower
		StringNGrams StringSplit StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast
		StringToHashBucketStrong StringToNumber StringUpper Substr UnicodeDecode
		UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin`},
	{"parsing", "records and numbers in bytes", `
		DecodeCSV DecodeJSONExample DecodePaddedRaw DecodeRaw DeserializeManySparse DeserializeSparse
		ParseExample ParseExampleV2 ParseSequenceExample ParseSequenceExampleV2 ParseSingleExample
		ParseSingleSequenceExample SerializeManySparse SerializeSparse SerializeTensor`},
	{"audio", "sound in bytes", `
		AudioSpectrogram DecodeWav EncodeWav Mfcc`},
	{"sparse and ragged", "sparse and ragged tensors", `
		DenseCountSparseOutput DenseToSparseSetOperation RaggedBincount RaggedCountSparseOutput
		RaggedCross RaggedFillEmptyRows RaggedFillEmptyRowsGrad RaggedGather RaggedRange
		RaggedTensorFromVariant RaggedTensorToSparse RaggedTensorToTensor RaggedTensorToVariant
		RaggedTensorToVariantGradient SparseAdd SparseAddGrad SparseBincount SparseConcat
		SparseCountSparseOutput SparseCross SparseCrossHashed SparseCrossV2 SparseDenseCwiseAdd
		SparseDenseCwiseDiv SparseDenseCwiseMul SparseFillEmptyRows SparseFillEmptyRowsGrad SparseMatMul
		SparseReduceMax SparseReduceMaxSparse SparseReduceSum SparseReduceSumSparse SparseReorder
		SparseReshape SparseSegmentMean SparseSegmentMeanGrad SparseSegmentMeanGradV2
		SparseSegmentMeanWithNumSegments SparseSegmentSqrtN SparseSegmentSqrtNGrad
		SparseSegmentSqrtNGradV2 SparseSegmentSqrtNWithNumSegments SparseSegmentSum SparseSegmentSumGrad
		SparseSegmentSumGradV2 SparseSegmentSumWithNumSegments SparseSlice SparseSliceGrad SparseSoftmax
		SparseSoftmaxCrossEntropyWithLogits SparseSparseMaximum SparseSparseMinimum SparseSplit
		SparseTensorDenseAdd SparseTensorDenseMatMul SparseToDense SparseToSparseSetOperation`},
	{"quantised", "small integers in place of floats", `
		Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxArgsGradient FakeQuantWithMinMaxVars
		FakeQuantWithMinMaxVarsGradient FakeQuantWithMinMaxVarsPerChannel
		FakeQuantWithMinMaxVarsPerChannelGradient QuantizeAndDequantize QuantizeAndDequantizeV2
		QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 QuantizeAndDequantizeV4Grad
		QuantizeDownAndShrinkRange QuantizeV2 QuantizedAdd QuantizedAvgPool
		QuantizedBatchNormWithGlobalNormalization QuantizedBiasAdd QuantizedConcat QuantizedConcatV2
		QuantizedConv2D QuantizedConv2DAndRelu QuantizedConv2DAndReluAndRequantize
		QuantizedConv2DAndRequantize QuantizedConv2DPerChannel QuantizedConv2DWithBias
		QuantizedConv2DWithBiasAndRelu QuantizedConv2DWithBiasAndReluAndRequantize
		QuantizedConv2DWithBiasAndRequantize QuantizedConv2DWithBiasSignedSumAndReluAndRequantize
		QuantizedConv2DWithBiasSumAndRelu QuantizedConv2DWithBiasSumAndReluAndRequantize
		QuantizedDepthwiseConv2D QuantizedDepthwiseConv2DWithBias
		QuantizedDepthwiseConv2DWithBiasAndRelu QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize
		QuantizedInstanceNorm QuantizedMatMul QuantizedMatMulWithBias
		QuantizedMatMulWithBiasAndDequantize QuantizedMatMulWithBiasAndRelu
		QuantizedMatMulWithBiasAndReluAndRequantize QuantizedMatMulWithBiasAndRequantize
		QuantizedMaxPool QuantizedMul QuantizedRelu QuantizedRelu6 QuantizedReluX QuantizedReshape
		QuantizedResizeBilinear RequantizationRange RequantizationRangePerChannel Requantize
		RequantizePerChannel UniformDequantize UniformQuantize UniformQuantizedAdd
		UniformQuantizedClipByValue UniformQuantizedConvolution UniformQuantizedConvolutionHybrid
		UniformQuantizedDot UniformQuantizedDotHybrid UniformRequantize`},
	{"printing", "lines on stderr", `
		Print PrintV2`},
	{"arrays", "shapes and places of elements", `
		BatchMatrixBandPart BatchMatrixDiag BatchMatrixDiagPart BatchMatrixSetDiag BatchToSpace
		BatchToSpaceND BroadcastArgs BroadcastGradientArgs BroadcastTo Concat ConcatOffset ConcatV2
		ConjugateTranspose DataFormatDimMap DataFormatVecPermute DenseToDenseSetOperation DepthToSpace
		Diag DiagPart DynamicPartition DynamicStitch ExpandDims Fill Gather GatherNd GatherV2
		InvertPermutation LinSpace ListDiff LowerBound MatrixBandPart MatrixDiag MatrixDiagPart
		MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MatrixSetDiagV2
		MatrixSetDiagV3 MirrorPad MirrorPadGrad OneHot OnesLike Pack Pad PadV2 Range Rank Reshape
		Reverse ReverseSequence ReverseV2 Roll ScatterNd ScatterNdNonAliasingAdd Select SelectV2 SetSize
		Shape ShapeN Size Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze
		StridedSlice StridedSliceGrad TensorScatterAdd TensorScatterMax TensorScatterMin
		TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile TileGrad Transpose Unique
		UniqueV2 UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex UpperBound Where ZerosLike`},
	{"mathematics", "arithmetic", `
		Abs AccumulateNV2 Acos Acosh Add AddN AddV2 All Angle Any ApproxTopK ApproximateEqual ArgMax
		ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad
		BandedTriangularSolve BatchCholesky BatchCholeskyGrad BatchFFT BatchFFT2D BatchFFT3D BatchIFFT
		BatchIFFT2D BatchIFFT3D BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchMatrixDeterminant
		BatchMatrixInverse BatchMatrixSolve BatchMatrixSolveLs BatchMatrixTriangularSolve
		BatchNormWithGlobalNormalization BatchNormWithGlobalNormalizationGrad BatchSelfAdjointEig
		BatchSelfAdjointEigV2 BatchSvd BesselI0 BesselI0e BesselI1 BesselI1e BesselJ0 BesselJ1 BesselK0
		BesselK0e BesselK1 BesselK1e BesselY0 BesselY1 Betainc BiasAdd BiasAddGrad BiasAddV1 Bincount
		BitwiseAnd BitwiseOr BitwiseXor BlockLSTM BlockLSTMGrad BlockLSTMGradV2 BlockLSTMV2 Bucketize
		CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss CTCLossV2 Cast Ceil Cholesky CholeskyGrad
		ClipByValue Complex ComplexAbs Conj Conv Conv2D Conv2DBackpropFilter Conv2DBackpropFilterV2
		Conv2DBackpropInput Conv2DBackpropInputV2 Conv3D Conv3DBackpropFilter Conv3DBackpropFilterV2
		Conv3DBackpropInput Conv3DBackpropInputV2 Cos Cosh Cross CudnnRNN CudnnRNNBackprop
		CudnnRNNBackpropV2 CudnnRNNBackpropV3 CudnnRNNV2 CudnnRNNV3 Cumprod Cumsum CumulativeLogsumexp
		Dawsn DenseBincount DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter
		DepthwiseConv2dNativeBackpropInput Digamma Dilation2D Dilation2DBackpropFilter
		Dilation2DBackpropInput Div DivNoNan Eig Einsum Elu EluGrad Equal Erf Erfc Erfinv EuclideanNorm
		Exp Expint Expm1 FFT FFT2D FFT3D FFTND Floor FloorDiv FloorMod FractionalAvgPool
		FractionalAvgPoolGrad FractionalMaxPool FractionalMaxPoolGrad FresnelCos FresnelSin
		FusedBatchNorm FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2
		FusedBatchNormV3 FusedPadConv2D FusedResizeAndPadConv2D GRUBlockCell GRUBlockCellGrad Greater
		GreaterEqual HistogramFixedWidth IFFT IFFT2D IFFT3D IFFTND IRFFT IRFFT2D IRFFT3D IRFFTND Igamma
		IgammaGradA Igammac Imag InTopK InTopKV2 Inv InvGrad Invert IsFinite IsInf IsNan L2Loss LRN
		LRNGrad LSTMBlockCell LSTMBlockCellGrad LeakyRelu LeakyReluGrad LeftShift Less LessEqual Lgamma
		Log Log1p LogMatrixDeterminant LogSoftmax LogicalAnd LogicalNot LogicalOr Lu MatMul
		MatrixDeterminant MatrixExponential MatrixInverse MatrixLogarithm MatrixSolve MatrixSolveLs
		MatrixSquareRoot MatrixTriangularSolve Max MaxPool MaxPool3D MaxPool3DGrad MaxPool3DGradGrad
		MaxPoolGrad MaxPoolGradGrad MaxPoolGradGradV2 MaxPoolGradGradWithArgmax MaxPoolGradV2
		MaxPoolGradWithArgmax MaxPoolV2 MaxPoolWithArgmax Maximum Mean Min Minimum Mod Mul MulNoNan
		Ndtri Neg NextAfter NotEqual NthElement Polygamma PopulationCount Pow Prod Qr RFFT RFFT2D RFFT3D
		RFFTND Real RealDiv Reciprocal ReciprocalGrad Relu Relu6 Relu6Grad ReluGrad RightShift Rint
		Round Rsqrt RsqrtGrad SegmentMax SegmentMaxV2 SegmentMean SegmentMin SegmentMinV2 SegmentProd
		SegmentProdV2 SegmentSum SegmentSumV2 SelfAdjointEig SelfAdjointEigV2 Selu SeluGrad Sigmoid
		SigmoidGrad Sign Sin Sinh Softmax SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign
		SoftsignGrad Spence Sqrt SqrtGrad Square SquaredDifference Sub Sum Svd Tan Tanh TanhGrad TopK
		TopKV2 TridiagonalMatMul TridiagonalSolve TruncateDiv TruncateMod UnsortedSegmentMax
		UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Xdivy Xlog1py Xlogy Zeta`},
}

// kindOf is the name of the kind of each operation.
var kindOf = func() map[string]string {
	list := map[string]string{}
	for _, k := range kinds {
		for op := range strings.FieldsSeq(k.ops) {
			list[op] = k.name
		}
	}
	return list
}()
