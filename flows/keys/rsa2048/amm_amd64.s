#include "textflag.h"

// Almost Montgomery multiplication in radix 2^52 with AVX-512 IFMA (see doc.go). One step for each
// limb b[i], X being the sum so far, lanes of 64 bits that are not carried between steps:
//
//	H  = hi(a*b[i-1]) + lo(a*b[i])       aligned with X; it hangs on no y, so it is ready early
//	X  = (X >> one lane) + carry of the lane that fell out + H + hi(m*y of the step before)
//	y  = lo(X[0] * k0)
//	X += lo(m*y)                         X[0] is now 0 modulo 2^52
//
// What one step hands to the next is a product, a broadcast, a product, a shift and two sums.

DATA ones<>+0(SB)/8, $1
GLOBL ones<>(SB), RODATA|NOPTR, $8
DATA limb<>+0(SB)/8, $0xfffffffffffff
GLOBL limb<>(SB), RODATA|NOPTR, $8

// STEP20 is a step for one number of 24 lanes. It wants b[i] in B, b[i+1] in NEXT, and leaves H ready
// for the step after.
#define STEP20(A0, A1, A2, M0, M1, M2, X0, X1, X2, H0, H1, H2, B, NEXT, Y, YX, X0X, K0) \
	VPXORQ        Y, Y, Y           \
	VPMADD52LUQ   K0, X0X, YX       \
	VPXORQ        H0, H0, H0        \
	VPXORQ        H1, H1, H1        \
	VPXORQ        H2, H2, H2        \
	VPBROADCASTQ  YX, Y             \
	VPMADD52HUQ   B, A0, H0         \
	VPMADD52HUQ   B, A1, H1         \
	VPMADD52HUQ   B, A2, H2         \
	VPMADD52LUQ   NEXT, A0, H0      \
	VPMADD52LUQ   NEXT, A1, H1      \
	VPMADD52LUQ   NEXT, A2, H2      \
	VPMADD52LUQ   Y, M0, X0         \
	VPMADD52LUQ   Y, M1, X1         \
	VPMADD52LUQ   Y, M2, X2         \
	VPMADD52HUQ   Y, M0, H0         \
	VPMADD52HUQ   Y, M1, H1         \
	VPMADD52HUQ   Y, M2, H2         \
	VPSRLQ.Z      $52, X0, K1, Y    \
	VALIGNQ       $1, X0, X1, X0    \
	VALIGNQ       $1, X1, X2, X1    \
	VALIGNQ       $1, X2, Z31, X2   \
	VPADDQ        Y, H0, H0         \
	VPADDQ        H1, X1, X1        \
	VPADDQ        H2, X2, X2        \
	VPADDQ        H0, X0, X0

// CARRY24 carries between the lanes of 24, so that each is below 2^52. The first round leaves at most
// one to carry from a lane; what ripples after that is one addition of as many bits as there are lanes.
#define CARRY24(X0, X1, X2, T0, T1, T2, U) \
	VPSRLQ        $52, X0, T0       \
	VPSRLQ        $52, X1, T1       \
	VPSRLQ        $52, X2, T2       \
	VPANDQ        Z30, X0, X0       \
	VPANDQ        Z30, X1, X1       \
	VPANDQ        Z30, X2, X2       \
	VALIGNQ       $7, Z31, T0, U    \
	VALIGNQ       $7, T1, T2, T2    \
	VALIGNQ       $7, T0, T1, T1    \
	VPADDQ        U, X0, X0         \
	VPADDQ        T1, X1, X1        \
	VPADDQ        T2, X2, X2        \
	VPCMPUQ       $6, Z30, X0, K2   \
	VPCMPUQ       $6, Z30, X1, K3   \
	VPCMPUQ       $6, Z30, X2, K4   \
	VPCMPEQQ      Z30, X0, K5       \
	VPCMPEQQ      Z30, X1, K6       \
	VPCMPEQQ      Z30, X2, K7       \
	KMOVB         K2, R8            \
	KMOVB         K3, R9            \
	KMOVB         K4, R10           \
	KMOVB         K5, R11           \
	KMOVB         K6, R12           \
	KMOVB         K7, R13           \
	SHLQ          $8, R9            \
	SHLQ          $16, R10          \
	SHLQ          $8, R12           \
	SHLQ          $16, R13          \
	ORQ           R9, R8            \
	ORQ           R10, R8           \
	ORQ           R12, R11          \
	ORQ           R13, R11          \
	ADDQ          R8, R8            \
	ADDQ          R11, R8           \
	XORQ          R11, R8           \
	KMOVB         R8, K2            \
	SHRQ          $8, R8            \
	KMOVB         R8, K3            \
	SHRQ          $8, R8            \
	KMOVB         R8, K4            \
	VPADDQ        Z29, X0, K2, X0   \
	VPADDQ        Z29, X1, K3, X1   \
	VPADDQ        Z29, X2, K4, X2   \
	VPANDQ        Z30, X0, X0       \
	VPANDQ        Z30, X1, X1       \
	VPANDQ        Z30, X2, X2

// func multiply2(out, a, b, m *pair, k0 *[2]uint64)
TEXT ·multiply2(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), BX
	MOVQ m+24(FP), DX
	MOVQ k0+32(FP), CX

	MOVL  $1, AX
	KMOVB AX, K1

	VMOVDQU64 0(SI), Z0
	VMOVDQU64 64(SI), Z1
	VMOVDQU64 128(SI), Z2
	VMOVDQU64 192(SI), Z3
	VMOVDQU64 256(SI), Z4
	VMOVDQU64 320(SI), Z5
	VMOVDQU64 0(DX), Z6
	VMOVDQU64 64(DX), Z7
	VMOVDQU64 128(DX), Z8
	VMOVDQU64 192(DX), Z9
	VMOVDQU64 256(DX), Z10
	VMOVDQU64 320(DX), Z11
	VMOVQ     0(CX), X24
	VMOVQ     8(CX), X25

	VPXORQ Z31, Z31, Z31
	VPXORQ Z12, Z12, Z12
	VPXORQ Z13, Z13, Z13
	VPXORQ Z14, Z14, Z14
	VPXORQ Z15, Z15, Z15
	VPXORQ Z16, Z16, Z16
	VPXORQ Z17, Z17, Z17

	VPBROADCASTQ 0(BX), Z26
	VPBROADCASTQ 192(BX), Z28
	VPMADD52LUQ  Z26, Z0, Z12
	VPMADD52LUQ  Z26, Z1, Z13
	VPMADD52LUQ  Z26, Z2, Z14
	VPMADD52LUQ  Z28, Z3, Z15
	VPMADD52LUQ  Z28, Z4, Z16
	VPMADD52LUQ  Z28, Z5, Z17
	MOVL         $10, AX

steps:
	VPBROADCASTQ 8(BX), Z27
	VPBROADCASTQ 200(BX), Z29
	STEP20(Z0, Z1, Z2, Z6, Z7, Z8, Z12, Z13, Z14, Z18, Z19, Z20, Z26, Z27, Z30, X30, X12, X24)
	STEP20(Z3, Z4, Z5, Z9, Z10, Z11, Z15, Z16, Z17, Z21, Z22, Z23, Z28, Z29, Z30, X30, X15, X25)
	VPBROADCASTQ 16(BX), Z26
	VPBROADCASTQ 208(BX), Z28
	STEP20(Z0, Z1, Z2, Z6, Z7, Z8, Z12, Z13, Z14, Z18, Z19, Z20, Z27, Z26, Z30, X30, X12, X24)
	STEP20(Z3, Z4, Z5, Z9, Z10, Z11, Z15, Z16, Z17, Z21, Z22, Z23, Z29, Z28, Z30, X30, X15, X25)
	ADDQ         $16, BX
	DECL         AX
	JNZ          steps

	VPBROADCASTQ ones<>(SB), Z29
	VPBROADCASTQ limb<>(SB), Z30
	CARRY24(Z12, Z13, Z14, Z0, Z1, Z2, Z3)
	CARRY24(Z15, Z16, Z17, Z0, Z1, Z2, Z3)

	VMOVDQU64 Z12, 0(DI)
	VMOVDQU64 Z13, 64(DI)
	VMOVDQU64 Z14, 128(DI)
	VMOVDQU64 Z15, 192(DI)
	VMOVDQU64 Z16, 256(DI)
	VMOVDQU64 Z17, 320(DI)
	VZEROUPPER
	RET

// func choose2(out *pair, table *[windows]pair, p, q uint64)
//
// It reads all of the table, whatever is chosen: which lines of a cache were used would tell the exponent.
TEXT ·choose2(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), DI
	MOVQ table+8(FP), SI

	VPBROADCASTQ p+16(FP), Z0
	VPBROADCASTQ q+24(FP), Z1
	VPBROADCASTQ ones<>(SB), Z3
	VPXORQ       Z2, Z2, Z2
	VPXORQ       Z4, Z4, Z4
	VPXORQ       Z5, Z5, Z5
	VPXORQ       Z6, Z6, Z6
	VPXORQ       Z7, Z7, Z7
	VPXORQ       Z8, Z8, Z8
	VPXORQ       Z9, Z9, Z9
	MOVL         $32, AX

entries:
	VPCMPEQQ   Z2, Z0, K1
	VPCMPEQQ   Z2, Z1, K2
	VPMOVM2Q   K1, Z10
	VPMOVM2Q   K2, Z11
	VPTERNLOGQ $0xf8, 0(SI), Z10, Z4 // Z4 |= Z10 & table
	VPTERNLOGQ $0xf8, 64(SI), Z10, Z5
	VPTERNLOGQ $0xf8, 128(SI), Z10, Z6
	VPTERNLOGQ $0xf8, 192(SI), Z11, Z7
	VPTERNLOGQ $0xf8, 256(SI), Z11, Z8
	VPTERNLOGQ $0xf8, 320(SI), Z11, Z9
	VPADDQ     Z3, Z2, Z2
	ADDQ       $384, SI
	DECL       AX
	JNZ        entries

	VMOVDQU64 Z4, 0(DI)
	VMOVDQU64 Z5, 64(DI)
	VMOVDQU64 Z6, 128(DI)
	VMOVDQU64 Z7, 192(DI)
	VMOVDQU64 Z8, 256(DI)
	VMOVDQU64 Z9, 320(DI)
	VZEROUPPER
	RET

// STEP40 is a step for one number of 40 lanes.
#define STEP40(B, NEXT) \
	VPXORQ        Z22, Z22, Z22     \
	VPMADD52LUQ   X23, X10, X22     \
	VPXORQ        Z15, Z15, Z15     \
	VPXORQ        Z16, Z16, Z16     \
	VPXORQ        Z17, Z17, Z17     \
	VPXORQ        Z18, Z18, Z18     \
	VPXORQ        Z19, Z19, Z19     \
	VPBROADCASTQ  X22, Z22          \
	VPMADD52HUQ   B, Z0, Z15        \
	VPMADD52HUQ   B, Z1, Z16        \
	VPMADD52HUQ   B, Z2, Z17        \
	VPMADD52HUQ   B, Z3, Z18        \
	VPMADD52HUQ   B, Z4, Z19        \
	VPMADD52LUQ   NEXT, Z0, Z15     \
	VPMADD52LUQ   NEXT, Z1, Z16     \
	VPMADD52LUQ   NEXT, Z2, Z17     \
	VPMADD52LUQ   NEXT, Z3, Z18     \
	VPMADD52LUQ   NEXT, Z4, Z19     \
	VPMADD52LUQ   Z22, Z5, Z10      \
	VPMADD52LUQ   Z22, Z6, Z11      \
	VPMADD52LUQ   Z22, Z7, Z12      \
	VPMADD52LUQ   Z22, Z8, Z13      \
	VPMADD52LUQ   Z22, Z9, Z14      \
	VPMADD52HUQ   Z22, Z5, Z15      \
	VPMADD52HUQ   Z22, Z6, Z16      \
	VPMADD52HUQ   Z22, Z7, Z17      \
	VPMADD52HUQ   Z22, Z8, Z18      \
	VPMADD52HUQ   Z22, Z9, Z19      \
	VPSRLQ.Z      $52, Z10, K1, Z22 \
	VALIGNQ       $1, Z10, Z11, Z10 \
	VALIGNQ       $1, Z11, Z12, Z11 \
	VALIGNQ       $1, Z12, Z13, Z12 \
	VALIGNQ       $1, Z13, Z14, Z13 \
	VALIGNQ       $1, Z14, Z31, Z14 \
	VPADDQ        Z22, Z15, Z15     \
	VPADDQ        Z16, Z11, Z11     \
	VPADDQ        Z17, Z12, Z12     \
	VPADDQ        Z18, Z13, Z13     \
	VPADDQ        Z19, Z14, Z14     \
	VPADDQ        Z15, Z10, Z10

// func multiply1(out, a, b *limbs40, m *limbs40, k0 uint64)
TEXT ·multiply1(SB), NOSPLIT, $0-40
	MOVQ out+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), BX
	MOVQ m+24(FP), DX

	MOVL  $1, AX
	KMOVB AX, K1

	VMOVDQU64 0(SI), Z0
	VMOVDQU64 64(SI), Z1
	VMOVDQU64 128(SI), Z2
	VMOVDQU64 192(SI), Z3
	VMOVDQU64 256(SI), Z4
	VMOVDQU64 0(DX), Z5
	VMOVDQU64 64(DX), Z6
	VMOVDQU64 128(DX), Z7
	VMOVDQU64 192(DX), Z8
	VMOVDQU64 256(DX), Z9
	VMOVQ     k0+32(FP), X23

	VPXORQ Z31, Z31, Z31
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12
	VPXORQ Z13, Z13, Z13
	VPXORQ Z14, Z14, Z14

	VPBROADCASTQ 0(BX), Z20
	VPMADD52LUQ  Z20, Z0, Z10
	VPMADD52LUQ  Z20, Z1, Z11
	VPMADD52LUQ  Z20, Z2, Z12
	VPMADD52LUQ  Z20, Z3, Z13
	VPMADD52LUQ  Z20, Z4, Z14
	MOVL         $20, AX

steps:
	VPBROADCASTQ 8(BX), Z21
	STEP40(Z20, Z21)
	VPBROADCASTQ 16(BX), Z20
	STEP40(Z21, Z20)
	ADDQ         $16, BX
	DECL         AX
	JNZ          steps

	VPBROADCASTQ ones<>(SB), Z29
	VPBROADCASTQ limb<>(SB), Z30

	// As CARRY24, for 40 lanes.
	VPSRLQ    $52, Z10, Z0
	VPSRLQ    $52, Z11, Z1
	VPSRLQ    $52, Z12, Z2
	VPSRLQ    $52, Z13, Z3
	VPSRLQ    $52, Z14, Z4
	VPANDQ    Z30, Z10, Z10
	VPANDQ    Z30, Z11, Z11
	VPANDQ    Z30, Z12, Z12
	VPANDQ    Z30, Z13, Z13
	VPANDQ    Z30, Z14, Z14
	VALIGNQ   $7, Z3, Z4, Z4
	VALIGNQ   $7, Z2, Z3, Z3
	VALIGNQ   $7, Z1, Z2, Z2
	VALIGNQ   $7, Z0, Z1, Z1
	VALIGNQ   $7, Z31, Z0, Z0
	VPADDQ    Z0, Z10, Z10
	VPADDQ    Z1, Z11, Z11
	VPADDQ    Z2, Z12, Z12
	VPADDQ    Z3, Z13, Z13
	VPADDQ    Z4, Z14, Z14
	XORL      R8, R8
	XORL      R9, R9

#define RIPPLES(X) \
	VPCMPUQ  $6, Z30, X, K2 \
	VPCMPEQQ Z30, X, K3     \
	KMOVB    K2, R10        \
	KMOVB    K3, R11        \
	SHLQ     $8, R8         \
	SHLQ     $8, R9         \
	ORQ      R10, R8        \
	ORQ      R11, R9

	RIPPLES(Z14)
	RIPPLES(Z13)
	RIPPLES(Z12)
	RIPPLES(Z11)
	RIPPLES(Z10)
	ADDQ R8, R8
	ADDQ R9, R8
	XORQ R9, R8

#define RIPPLED(X, AT) \
	KMOVB     R8, K2         \
	SHRQ      $8, R8         \
	VPADDQ    Z29, X, K2, X  \
	VPANDQ    Z30, X, X      \
	VMOVDQU64 X, AT(DI)

	RIPPLED(Z10, 0)
	RIPPLED(Z11, 64)
	RIPPLED(Z12, 128)
	RIPPLED(Z13, 192)
	RIPPLED(Z14, 256)
	VZEROUPPER
	RET
