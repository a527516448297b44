/* Elementary functions of vectors. The polynomials are minimax fits (Remez) to the reduced ranges named beside them. */
#ifndef MICRO_MATH_H
#define MICRO_MATH_H

#include "vec.h"

/* Horner's rule: coefficient 0 is the constant. */
VEC_INLINE vec v_polynomial(vec x, const float *coefficient, int n)
{
	vec y = v_set(coefficient[--n]);

	while (--n >= 0)
		y = v_fma(y, x, v_set(coefficient[n]));
	return y;
}

/* e^x = 2^n (1 + t), for x of -87..89: gives t and n. x = n ln 2 + r with |r| <= ln(2)/2, and e^r = 1 + r + r^2 q(r).
 * ln 2 comes in two parts, the first so short that n times it is exact. */
VEC_INLINE vec v_exp_reduced(vec x, vec *n)
{
	static const float q[] = { 0.5f, 0.1666651881f, 0.04166620237f, 0.008368892788f, 0.001395075271f };

	*n = v_round(v_mul(x, v_set(1.44269504f)));
	vec r = v_fma(*n, v_set(2.12194440e-4f), v_fma(*n, v_set(-0.693359375f), x));
	return v_fma(v_mul(v_polynomial(r, q, 5), r), r, r);
}

/* e^x within 2 units in the last place; results below 1.8e-38 become 0, those above the largest float infinity. The
 * last doubling is separate, for 2^128 is no float. */
VEC_INLINE vec v_exp(vec x)
{
	vec_mask vanishes = v_less(x, v_set(-86.9f));
	vec n, t = v_exp_reduced(v_max(v_set(-87.0f), v_min(v_set(89.0f), x)), &n);
	vec half = v_mul(v_add(t, v_set(1.0f)), v_pow2(v_sub(n, v_set(1.0f))));

	return v_select(vanishes, v_set(0.0f), v_add(half, half));
}

/* 2^x for x <= 0 by a polynomial for 2^f, |f| <= 1/2: 0 for -infinity, and between 0 and 2^-126 below 2^-126. */
VEC_INLINE vec v_exp2_by(vec x, const float *coefficient, int n)
{
	vec low = v_max(v_set(-160.0f), x), whole = v_round(low);

	return v_scale(v_polynomial(v_sub(low, whole), coefficient, n), whole);
}

/* 2^x for x <= 0, as softmax needs it: 1 for 0, and within 1.6e-7 of it relatively down to 2^-126; the polynomial errs
 * by 1.1e-7. */
VEC_INLINE vec v_exp2_falling(vec x)
{
	static const float p[] = { 1, 0.6931470037f, 0.2402224243f, 0.05550733581f, 0.009671512991f, 0.001326472731f };

	return v_exp2_by(x, p, 6);
}

/* The same for powers that become bfloat16, which is off by up to 2e-3: within 1.1e-4. */
VEC_INLINE vec v_exp2_roughly(vec x)
{
	static const float p[] = { 1, 0.6932829296f, 0.2422109971f, 0.05500894622f };

	return v_exp2_by(x, p, 4);
}

/* The natural logarithm within 2 units in the last place; of 0 it is -infinity, of a negative number NaN.
 * x = 2^e (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), and log(1 + f) = f - f^2/2 + f^3 p(f). */
VEC_INLINE vec v_log(vec x)
{
	static const float p[] = { 0.3333331674f, -0.2500081041f, 0.2000228546f, -0.166245531f, 0.1418120456f,
		-0.1312877418f, 0.1288158841f, -0.07859504225f };
	vec_mask subnormal = v_less(x, v_set(0x1p-126f));
	vec normal = v_select(subnormal, v_mul(x, v_set(0x1p23f)), x);
	vec e = v_sub(v_exponent(normal), v_select(subnormal, v_set(23.0f), v_set(0.0f)));
	vec m = v_mantissa(normal);
	vec_mask large = v_less(v_set(1.41421356f), m);

	e = v_select(large, v_add(e, v_set(1.0f)), e);
	vec f = v_sub(v_select(large, v_mul(m, v_set(0.5f)), m), v_set(1.0f));
	vec f2 = v_mul(f, f);
	vec tail = v_fma(e, v_set(-2.12194440e-4f), v_mul(v_mul(f2, f), v_polynomial(f, p, 8)));
	vec y = v_fma(e, v_set(0.693359375f), v_add(f, v_fma(f2, v_set(-0.5f), tail)));
	/* Infinity and NaN give themselves. */
	y = v_select(v_less(x, v_set(INFINITY)), y, x);
	vec undefined = v_select(v_less(x, v_set(0.0f)), v_set(NAN), v_set(-INFINITY));
	return v_select(v_less(x, v_set(0x1p-149f)), undefined, y);
}

/* The error function within 2 units in the last place. |x| <= 4: 1 - e^-w with w = |x| q(|x|); from there on it is 1 in
 * float. With e^-w = 2^n (1 + t), 1 - e^-w is (1 - 2^n) - 2^n t, which loses nothing where w is small and n is 0. */
VEC_INLINE vec v_erf(vec x)
{
	static const float q[] = { 1.128379172f, 0.636619382f, 0.102777831f, -0.01915306795f, -0.0001603846261f,
		0.001667012534f, -0.0006328270868f, 0.0001176381698f, -9.255886285e-6f };
	vec magnitude = v_min(v_set(4.0f), v_abs(x)), n;
	vec t = v_exp_reduced(v_mul(v_sub(v_set(0.0f), magnitude), v_polynomial(magnitude, q, 9)), &n);
	vec scale = v_pow2(n);

	return v_copysign(v_sub(v_sub(v_set(1.0f), scale), v_mul(scale, t)), x);
}

/* The hyperbolic tangent within a few units in the last place: |x| < 0.65: x + x^3 p(x^2), else 1 - 2/(e^2|x| + 1). */
VEC_INLINE vec v_tanh(vec x)
{
	static const float p[] = { -0.3333326288f, 0.1333089976f, -0.05369296771f, 0.02048331519f, -0.005528632797f };
	vec magnitude = v_abs(x), square = v_mul(x, x), one = v_set(1.0f);
	vec near = v_fma(v_mul(square, v_polynomial(square, p, 5)), x, x);
	vec far = v_sub(one, v_div(v_set(2.0f), v_add(v_exp(v_add(magnitude, magnitude)), one)));

	return v_select(v_less(magnitude, v_set(0.65f)), near, v_copysign(far, x));
}

VEC_INLINE vec v_sigmoid(vec x)
{
	vec one = v_set(1.0f);

	return v_div(one, v_add(one, v_exp(v_sub(v_set(0.0f), x))));
}

#endif
