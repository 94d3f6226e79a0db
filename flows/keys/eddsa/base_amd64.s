#include "textflag.h"

// A point in extended coordinates is four field elements side by side, (X, Y, Z, T), five limbs of 51 bits
// each: register k holds limb k of all four. IFMA multiplies what is below 2^52; a limb is called reduced
// below 2^51 + 2^15, which sums of two are not any more.

DATA limb<>+0(SB)/8, $0x7ffffffffffff
GLOBL limb<>(SB), RODATA|NOPTR, $8
DATA nineteen<>+0(SB)/8, $19
GLOBL nineteen<>(SB), RODATA|NOPTR, $8
DATA ones<>+0(SB)/8, $1
GLOBL ones<>(SB), RODATA|NOPTR, $8

// Twice the modulus, in lanes from which something is taken away: 0, and 0 and 3.
DATA first0<>+0(SB)/8, $0xfffffffffffda
DATA first0<>+8(SB)/8, $0
DATA first0<>+16(SB)/8, $0
DATA first0<>+24(SB)/8, $0
GLOBL first0<>(SB), RODATA|NOPTR, $32
DATA first<>+0(SB)/8, $0xffffffffffffe
DATA first<>+8(SB)/8, $0
DATA first<>+16(SB)/8, $0
DATA first<>+24(SB)/8, $0
GLOBL first<>(SB), RODATA|NOPTR, $32
DATA outer0<>+0(SB)/8, $0xfffffffffffda
DATA outer0<>+8(SB)/8, $0
DATA outer0<>+16(SB)/8, $0
DATA outer0<>+24(SB)/8, $0xfffffffffffda
GLOBL outer0<>(SB), RODATA|NOPTR, $32
DATA outer<>+0(SB)/8, $0xffffffffffffe
DATA outer<>+8(SB)/8, $0
DATA outer<>+16(SB)/8, $0
DATA outer<>+24(SB)/8, $0xffffffffffffe
GLOBL outer<>(SB), RODATA|NOPTR, $32

// REDUCE carries each limb of Y0 to Y4 into the next, and the last into the first times 19.
#define REDUCE \
	VPSRLQ   $51, Y0, Y10     \
	VPSRLQ   $51, Y1, Y11     \
	VPSRLQ   $51, Y2, Y12     \
	VPSRLQ   $51, Y3, Y13     \
	VPSRLQ   $51, Y4, Y14     \
	VPANDQ   Y28, Y0, Y0      \
	VPANDQ   Y28, Y1, Y1      \
	VPANDQ   Y28, Y2, Y2      \
	VPANDQ   Y28, Y3, Y3      \
	VPANDQ   Y28, Y4, Y4      \
	VPMULLQ  Y29, Y14, Y14    \
	VPADDQ   Y10, Y1, Y1      \
	VPADDQ   Y11, Y2, Y2      \
	VPADDQ   Y12, Y3, Y3      \
	VPADDQ   Y13, Y4, Y4      \
	VPADDQ   Y14, Y0, Y0

// ROW adds a limb of the first factor times all limbs of the second, Y5 to Y9: low halves from L0 on, high
// halves, which weigh 2^52, from H0 on.
#define ROW(X, L0, L1, L2, L3, L4, H0, H1, H2, H3, H4) \
	VPMADD52LUQ X, Y5, L0 \
	VPMADD52LUQ X, Y6, L1 \
	VPMADD52LUQ X, Y7, L2 \
	VPMADD52LUQ X, Y8, L3 \
	VPMADD52LUQ X, Y9, L4 \
	VPMADD52HUQ X, Y5, H0 \
	VPMADD52HUQ X, Y6, H1 \
	VPMADD52HUQ X, Y7, H2 \
	VPMADD52HUQ X, Y8, H3 \
	VPMADD52HUQ X, Y9, H4

// MULTIPLY sets Y0 to Y4 to their product with Y5 to Y9, reduced. Both have limbs below 2^52. A column is
// at most five low halves and twice five high ones, below 2^56; with 19 of another, below 2^61.
#define MULTIPLY \
	VPXORQ Y10, Y10, Y10 \
	VPXORQ Y11, Y11, Y11 \
	VPXORQ Y12, Y12, Y12 \
	VPXORQ Y13, Y13, Y13 \
	VPXORQ Y14, Y14, Y14 \
	VPXORQ Y15, Y15, Y15 \
	VPXORQ Y16, Y16, Y16 \
	VPXORQ Y17, Y17, Y17 \
	VPXORQ Y18, Y18, Y18 \
	VPXORQ Y19, Y19, Y19 \
	VPXORQ Y20, Y20, Y20 \
	VPXORQ Y21, Y21, Y21 \
	VPXORQ Y22, Y22, Y22 \
	VPXORQ Y23, Y23, Y23 \
	VPXORQ Y24, Y24, Y24 \
	VPXORQ Y25, Y25, Y25 \
	VPXORQ Y26, Y26, Y26 \
	VPXORQ Y27, Y27, Y27 \
	ROW(Y0, Y10, Y11, Y12, Y13, Y14, Y19, Y20, Y21, Y22, Y23) \
	ROW(Y1, Y11, Y12, Y13, Y14, Y15, Y20, Y21, Y22, Y23, Y24) \
	ROW(Y2, Y12, Y13, Y14, Y15, Y16, Y21, Y22, Y23, Y24, Y25) \
	ROW(Y3, Y13, Y14, Y15, Y16, Y17, Y22, Y23, Y24, Y25, Y26) \
	ROW(Y4, Y14, Y15, Y16, Y17, Y18, Y23, Y24, Y25, Y26, Y27) \
	VPADDQ  Y19, Y19, Y19 \
	VPADDQ  Y20, Y20, Y20 \
	VPADDQ  Y21, Y21, Y21 \
	VPADDQ  Y22, Y22, Y22 \
	VPADDQ  Y23, Y23, Y23 \
	VPADDQ  Y24, Y24, Y24 \
	VPADDQ  Y25, Y25, Y25 \
	VPADDQ  Y26, Y26, Y26 \
	VPADDQ  Y27, Y27, Y27 \
	VPADDQ  Y23, Y15, Y15 \
	VPADDQ  Y24, Y16, Y16 \
	VPADDQ  Y25, Y17, Y17 \
	VPADDQ  Y26, Y18, Y18 \
	VPADDQ  Y19, Y11, Y11 \
	VPADDQ  Y20, Y12, Y12 \
	VPADDQ  Y21, Y13, Y13 \
	VPADDQ  Y22, Y14, Y14 \
	VPMULLQ Y29, Y15, Y15 \
	VPMULLQ Y29, Y16, Y16 \
	VPMULLQ Y29, Y17, Y17 \
	VPMULLQ Y29, Y18, Y18 \
	VPMULLQ Y29, Y27, Y27 \
	VPADDQ  Y15, Y10, Y0  \
	VPADDQ  Y16, Y11, Y1  \
	VPADDQ  Y17, Y12, Y2  \
	VPADDQ  Y18, Y13, Y3  \
	VPADDQ  Y27, Y14, Y4  \
	REDUCE

// ENTER makes (Y-X, Y+X, Z, T) of a limb of (X, Y, Z, T). TWICE is in the lane that is taken away from.
#define ENTER(V, TWICE) \
	VPERMQ $0xe1, V, Y10          \
	VPADDQ TWICE<>(SB), Y10, Y10  \
	VPADDQ V, Y10, K2, Y10        \
	VPSUBQ V, Y10, K1, Y10        \
	VMOVDQA64 Y10, V

// CROSS makes (E, H, G, F) = (B-A, B+A, D+C, D-C) of a limb of (A, B, D, C).
#define CROSS(V, TWICE) \
	VPERMQ $0xb1, V, Y10          \
	VPADDQ TWICE<>(SB), Y10, Y10  \
	VPADDQ V, Y10, K4, Y10        \
	VPSUBQ V, Y10, K3, Y10        \
	VMOVDQA64 Y10, V

// func multiplyBase(out *point, table *[digits]multiples, nibbles *[digits]byte)
TEXT ·multiplyBase(SB), NOSPLIT, $0-24
	MOVQ out+0(FP), DI
	MOVQ table+8(FP), SI
	MOVQ nibbles+16(FP), BX

	MOVL  $1, AX // X
	KMOVB AX, K1
	MOVL  $2, AX // Y
	KMOVB AX, K2
	MOVL  $9, AX // E and F
	KMOVB AX, K3
	MOVL  $6, AX // H and G
	KMOVB AX, K4

	VPBROADCASTQ limb<>(SB), Y28
	VPBROADCASTQ nineteen<>(SB), Y29
	VPBROADCASTQ ones<>(SB), Y30

	// The neutral point: Y and Z are 1.
	VPXORQ    Y0, Y0, Y0
	VPXORQ    Y1, Y1, Y1
	VPXORQ    Y2, Y2, Y2
	VPXORQ    Y3, Y3, Y3
	VPXORQ    Y4, Y4, Y4
	VPADDQ    Y30, Y0, K4, Y0
	MOVL      $64, CX

digit:
	MOVBLZX      (BX), AX
	VPBROADCASTQ AX, Y31

	// The multiple is chosen by reading all of them: which lines of a cache were used would tell the digit.
	VPXORQ Y5, Y5, Y5
	VPXORQ Y6, Y6, Y6
	VPXORQ Y7, Y7, Y7
	VPXORQ Y8, Y8, Y8
	VPXORQ Y9, Y9, Y9
	VPXORQ Y10, Y10, Y10
	MOVL   $16, DX

choose:
	VPCMPEQQ   Y10, Y31, K5
	VPMOVM2Q   K5, Y11
	VPADDQ     Y30, Y10, Y10
	VPTERNLOGQ $0xf8, 0(SI), Y11, Y5 // Y5 |= Y11 & multiple
	VPTERNLOGQ $0xf8, 32(SI), Y11, Y6
	VPTERNLOGQ $0xf8, 64(SI), Y11, Y7
	VPTERNLOGQ $0xf8, 96(SI), Y11, Y8
	VPTERNLOGQ $0xf8, 128(SI), Y11, Y9
	ADDQ       $160, SI
	DECL       DX
	JNZ        choose

	ENTER(Y0, first0)
	ENTER(Y1, first)
	ENTER(Y2, first)
	ENTER(Y3, first)
	ENTER(Y4, first)
	REDUCE
	MULTIPLY             // (A, B, D, C)
	CROSS(Y0, outer0)
	CROSS(Y1, outer)
	CROSS(Y2, outer)
	CROSS(Y3, outer)
	CROSS(Y4, outer)
	REDUCE               // (E, H, G, F)
	VPERMQ $0x67, Y0, Y5 // (F, H, G, H)
	VPERMQ $0x67, Y1, Y6
	VPERMQ $0x67, Y2, Y7
	VPERMQ $0x67, Y3, Y8
	VPERMQ $0x67, Y4, Y9
	VPERMQ $0x38, Y0, Y0 // (E, G, F, E)
	VPERMQ $0x38, Y1, Y1
	VPERMQ $0x38, Y2, Y2
	VPERMQ $0x38, Y3, Y3
	VPERMQ $0x38, Y4, Y4
	MULTIPLY             // (X, Y, Z, T)

	INCQ BX
	DECL CX
	JNZ  digit

	VMOVDQU64 Y0, 0(DI)
	VMOVDQU64 Y1, 32(DI)
	VMOVDQU64 Y2, 64(DI)
	VMOVDQU64 Y3, 96(DI)
	VMOVDQU64 Y4, 128(DI)
	VZEROUPPER
	RET
