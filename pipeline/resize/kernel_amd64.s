#include "textflag.h"

// Of two weights, each for the four channels of a pixel.
DATA ·pair<>+0(SB)/4, $0
DATA ·pair<>+4(SB)/4, $0
DATA ·pair<>+8(SB)/4, $0
DATA ·pair<>+12(SB)/4, $0
DATA ·pair<>+16(SB)/4, $1
DATA ·pair<>+20(SB)/4, $1
DATA ·pair<>+24(SB)/4, $1
DATA ·pair<>+28(SB)/4, $1
GLOBL ·pair<>(SB), RODATA|NOPTR, $32

// func acrossAVX2(dst, src *uint8, first *int32, weights, off *uint32, reach, n int) int
TEXT ·acrossAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         first+16(FP), R8
	MOVQ         weights+24(FP), R9
	MOVQ         off+32(FP), R10
	MOVQ         reach+40(FP), R11
	MOVQ         n+48(FP), R12
	XORQ         AX, AX
	VMOVDQU      ·pair<>(SB), Y15
	MOVL         $0x800000, BX
	VMOVD        BX, X14
	VPBROADCASTD X14, X14               // half, of the first pixel of two
	MOVL         $0xffffff, BX
	VMOVD        BX, X13
	VPBROADCASTD X13, X13               // below

pixel:
	MOVLQSX (R8)(AX*4), BX
	ADDQ    SI, BX
	MOVQ    R11, CX
	VMOVDQA Y14, Y0

two: // pixels of the input: channels become numbers of 32 bits
	VPMOVZXBD (BX), Y1
	VMOVQ     (R9), X2
	VPERMD    Y2, Y15, Y2
	VPMULLD   Y2, Y1, Y1
	VPADDD    Y1, Y0, Y0
	ADDQ      $8, BX
	ADDQ      $8, R9
	SUBQ      $2, CX
	JNZ       two

	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPBROADCASTD (R10)(AX*4), X3
	VPADDD       X3, X0, X4
	VPAND        X13, X4, X4
	VPADDD       X3, X3, X3
	VPCMPGTD     X4, X3, X4
	VPTEST       X4, X4
	JNZ          done                   // a sum is close
	VPSRLD       $24, X0, X0
	VPACKUSDW    X0, X0, X0
	VPACKUSWB    X0, X0, X0
	VMOVD        X0, (DI)(AX*4)
	INCQ         AX
	CMPQ         AX, R12
	JLT          pixel

done:
	VZEROUPPER
	MOVQ AX, ret+56(FP)
	RET

// func downAVX2(dst, src *uint8, stride int, weights *uint32, taps int, off uint32, n int) int
TEXT ·downAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         stride+16(FP), R8
	MOVQ         weights+24(FP), R9
	MOVQ         taps+32(FP), R11
	MOVL         off+40(FP), BX
	VMOVD        BX, X12
	VPBROADCASTD X12, Y12
	VPADDD       Y12, Y12, Y11          // twice that
	MOVQ         n+48(FP), R12
	XORQ         AX, AX
	MOVL         $0x800000, BX
	VMOVD        BX, X14
	VPBROADCASTD X14, Y14               // half
	MOVL         $0xffffff, BX
	VMOVD        BX, X13
	VPBROADCASTD X13, Y13               // below

pixels:
	LEAQ    (SI)(AX*4), BX
	MOVQ    R9, DX
	MOVQ    R11, CX
	VMOVDQA Y14, Y0
	VMOVDQA Y14, Y1

row:
	VPMOVZXBD    (BX), Y2
	VPMOVZXBD    8(BX), Y3
	VPBROADCASTD (DX), Y4
	VPMULLD      Y4, Y2, Y2
	VPMULLD      Y4, Y3, Y3
	VPADDD       Y2, Y0, Y0
	VPADDD       Y3, Y1, Y1
	ADDQ         R8, BX
	ADDQ         $4, DX
	DECQ         CX
	JNZ          row

	VPADDD       Y12, Y0, Y2
	VPADDD       Y12, Y1, Y3
	VPAND        Y13, Y2, Y2
	VPAND        Y13, Y3, Y3
	VPCMPGTD     Y2, Y11, Y2
	VPCMPGTD     Y3, Y11, Y3
	VPOR         Y2, Y3, Y2
	VPTEST       Y2, Y2
	JNZ          done                   // a sum is close
	VPSRLD       $24, Y0, Y0
	VPSRLD       $24, Y1, Y1
	VPACKUSDW    Y1, Y0, Y0             // of both: low halves, high halves
	VPERMQ       $0xd8, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPACKUSWB    X1, X0, X0
	VMOVDQU      X0, (DI)(AX*4)
	ADDQ         $4, AX
	CMPQ         AX, R12
	JLT          pixels

done:
	VZEROUPPER
	MOVQ AX, ret+56(FP)
	RET
