#include "textflag.h"

// func dotsAVX2(query *int16, rows *int8, out *int32, d, n int)
TEXT ·dotsAVX2(SB), NOSPLIT, $0-40
	MOVQ query+0(FP), SI
	MOVQ rows+8(FP), DI
	MOVQ out+16(FP), DX
	MOVQ d+24(FP), R8
	MOVQ n+32(FP), R9

row:
	VPXOR Y0, Y0, Y0
	VPXOR Y3, Y3, Y3
	MOVQ  SI, R10
	MOVQ  R8, R11
	CMPQ  R11, $32
	JLT   last

two: // 32 numbers: bytes become words, products of neighbours are added
	VPMOVSXBW (DI), Y1
	VPMADDWD  (R10), Y1, Y1
	VPADDD    Y1, Y0, Y0
	VPMOVSXBW 16(DI), Y2
	VPMADDWD  32(R10), Y2, Y2
	VPADDD    Y2, Y3, Y3
	ADDQ      $32, DI
	ADDQ      $64, R10
	SUBQ      $32, R11
	CMPQ      R11, $32
	JGE       two

last:
	TESTQ R11, R11
	JZ    sum
	VPMOVSXBW (DI), Y1
	VPMADDWD  (R10), Y1, Y1
	VPADDD    Y1, Y0, Y0
	ADDQ      $16, DI

sum:
	VPADDD       Y3, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0xb1, X0, X1
	VPADDD       X1, X0, X0
	VMOVD        X0, (DX)
	ADDQ         $4, DX
	DECQ         R9
	JNZ          row
	VZEROUPPER
	RET
