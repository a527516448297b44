/* Element-wise operators: each output element comes from the same element of the inputs, which broadcast. An operator
 * is a row of the table below; those that take more than one step have a function that appends them. */
#include "narrow.h"
#include "pass/map.h"
#include "op.h"
#include <math.h>
#include <string.h>

/* What steps functions work on. */
struct steps {
	struct ctx *c;
	const struct node *n;
	struct map_builder *b;
	const int *r;      /* the operands' registers, -1 where one is left out */
	enum rt_type type; /* of the arithmetic */
};

static int unary(const struct steps *s, enum rt_step_op op, int a)
{
	return map_step(s->b, op, s->type, a, 0, 0);
}

static int binary(const struct steps *s, enum rt_step_op op, int a, int b)
{
	return map_step(s->b, op, s->type, a, b, 0);
}

static int number(const struct steps *s, double x)
{
	return is_float_type(s->type) ? map_real(s->b, s->type, x) : map_integer(s->b, s->type, (int64_t)x);
}

static int where(const struct steps *s, int condition, int a, int b)
{
	return map_step(s->b, RT_WHERE, s->type, condition, a, b);
}

static int attribute_number(const struct steps *s, const char *name, double fallback)
{
	return number(s, attribute_float(s->c, s->n, name, fallback));
}

/* To f8e8m0, whose conversion drops the mantissa: the factor just below 2 makes it round up, 4/3 to nearest. */
static int power_steps(const struct steps *s, int r, enum rt_type type)
{
	const char *mode = attribute_string(s->c, s->n, "round_mode", "up");
	double below_two = type == RT_F32 ? 0x1.fffffep0 : 0x1.fffffffffffffp0;

	if (strcmp(mode, "up") && strcmp(mode, "down") && strcmp(mode, "nearest"))
		fail_node(s->c, s->n, "round_mode '%.40s' is none of up, down and nearest", mode);
	if (!strcmp(mode, "down"))
		return r;
	return map_step(s->b, RT_MUL, type, r, map_real(s->b, type, *mode == 'u' ? below_two : 4.0 / 3), 0);
}

/* Conversions to types of 8 bits make infinity or NaN of what is too large, but ONNX asks for the largest number unless
 * saturate is 0. */
static int saturating_steps(const struct steps *s, int r, enum rt_type type, enum rt_type to)
{
	double most = to == RT_F8E8M0 ? 0x1p127 : (double)float_of_narrow(narrow_format(to).largest, to);
	double least = to == RT_F8E8M0 ? 0 : -most;

	if (!attribute_int(s->c, s->n, "saturate", 1))
		return r;
	r = map_step(s->b, RT_MIN, type, r, map_real(s->b, type, most), 0);
	return map_step(s->b, RT_MAX, type, r, map_real(s->b, type, least), 0);
}

static int cast_steps(const struct steps *s)
{
	enum rt_type from = s->n->in[0]->type, to = s->n->out[0]->type, type = from == RT_F64 ? RT_F64 : RT_F32;
	int r = s->r[0];

	if (!is_narrow_float(to) || to == from)
		return map_cast(s->b, r, from, to);
	if (from != type)
		r = map_cast(s->b, r, from, type);
	if (to == RT_F8E8M0)
		r = power_steps(s, r, type);
	return map_cast(s->b, saturating_steps(s, r, type, to), type, to);
}

static int where_steps(const struct steps *s)
{
	return where(s, s->r[0], s->r[1], s->r[2]);
}

/* Bounds are inputs since version 11 of the operator set, attributes before. */
static int clip_steps(const struct steps *s)
{
	int r = s->r[0];
	bool inputs = s->n->version >= 11;

	if (inputs && input(s->n, 1))
		r = binary(s, RT_MAX, r, s->r[1]);
	if (!inputs && attribute(s->n, "min"))
		r = binary(s, RT_MAX, r, attribute_number(s, "min", 0));
	if (inputs && input(s->n, 2))
		r = binary(s, RT_MIN, r, s->r[2]);
	if (!inputs && attribute(s->n, "max"))
		r = binary(s, RT_MIN, r, attribute_number(s, "max", 0));
	return r;
}

/* Registers hold float, double or integers; types of one kind need no conversion. */
static int kind(enum rt_type type)
{
	return type == RT_F64 ? 1 : is_float_type(type) ? 0 : 2;
}

static int converted(const struct steps *s, int r, enum rt_type from, enum rt_type to)
{
	return kind(from) == kind(to) ? r : map_cast(s->b, r, from, to);
}

/* The base keeps its type. An integer raised to a float power goes through double, which holds 32-bit integers. */
static int pow_steps(const struct steps *s)
{
	enum rt_type base = s->type, exponent = s->n->in[1]->type;
	enum rt_type type = kind(base) == 2 && kind(exponent) != 2 ? RT_F64 : base;
	int a = converted(s, s->r[0], base, type), b = converted(s, s->r[1], exponent, type);

	return converted(s, map_step(s->b, RT_POW, type, a, b, 0), type, base);
}

static int mod_steps(const struct steps *s)
{
	bool fmod = attribute_int(s->c, s->n, "fmod", 0) != 0;

	if (!fmod && is_float_type(s->type))
		fail_node(s->c, s->n, "inputs of type %s need attribute fmod = 1", type_name(s->type));
	return binary(s, fmod ? RT_FMOD : RT_MOD, s->r[0], s->r[1]);
}

static int shift_steps(const struct steps *s)
{
	const char *direction = attribute_string(s->c, s->n, "direction", "");

	if (strcmp(direction, "LEFT") && strcmp(direction, "RIGHT"))
		fail_node(s->c, s->n, "direction '%.40s' is neither LEFT nor RIGHT", direction);
	return binary(s, *direction == 'L' ? RT_SHIFT_LEFT : RT_SHIFT_RIGHT, s->r[0], s->r[1]);
}

static int chain(const struct steps *s, enum rt_step_op op)
{
	int r = s->r[0];

	for (int i = 1; i < s->n->n_in; i++)
		r = binary(s, op, r, s->r[i]);
	return r;
}

static int max_steps(const struct steps *s)
{
	return chain(s, RT_MAX);
}

static int min_steps(const struct steps *s)
{
	return chain(s, RT_MIN);
}

static int sum_steps(const struct steps *s)
{
	return chain(s, RT_ADD);
}

static int mean_steps(const struct steps *s)
{
	return binary(s, RT_DIV, chain(s, RT_ADD), number(s, s->n->n_in));
}

/* x where it is positive, else `negative`. */
static int rectified(const struct steps *s, int negative)
{
	return where(s, binary(s, RT_LESS, s->r[0], number(s, 0)), negative, s->r[0]);
}

static int leaky_relu_steps(const struct steps *s)
{
	return rectified(s, binary(s, RT_MUL, s->r[0], attribute_number(s, "alpha", 0.01)));
}

static int prelu_steps(const struct steps *s)
{
	return rectified(s, binary(s, RT_MUL, s->r[0], s->r[1]));
}

/* alpha (exp(x / divisor) - 1) */
static int scaled_exp(const struct steps *s, int x, int alpha)
{
	return binary(s, RT_MUL, alpha, binary(s, RT_SUB, unary(s, RT_EXP, x), number(s, 1)));
}

static int elu_steps(const struct steps *s)
{
	return rectified(s, scaled_exp(s, s->r[0], attribute_number(s, "alpha", 1)));
}

static int selu_steps(const struct steps *s)
{
	int negative = scaled_exp(s, s->r[0], attribute_number(s, "alpha", 1.67326319217681884765625));

	return binary(s, RT_MUL, attribute_number(s, "gamma", 1.05070102214813232421875), rectified(s, negative));
}

static int celu_steps(const struct steps *s)
{
	int alpha = attribute_number(s, "alpha", 1);

	return rectified(s, scaled_exp(s, binary(s, RT_DIV, s->r[0], alpha), alpha));
}

/* min(max(alpha x + beta, 0), 1) */
static int hard_sigmoid(const struct steps *s, int alpha, int beta)
{
	int line = binary(s, RT_ADD, binary(s, RT_MUL, alpha, s->r[0]), beta);

	return binary(s, RT_MIN, binary(s, RT_MAX, line, number(s, 0)), number(s, 1));
}

static int hard_sigmoid_steps(const struct steps *s)
{
	return hard_sigmoid(s, attribute_number(s, "alpha", 0.2), attribute_number(s, "beta", 0.5));
}

static int hard_swish_steps(const struct steps *s)
{
	return binary(s, RT_MUL, s->r[0], hard_sigmoid(s, number(s, 1.0 / 6), number(s, 0.5)));
}

/* x sigmoid(alpha x): Swish, and QuickGelu, whose alpha is 1.702 by default. */
static int swish_steps(const struct steps *s)
{
	int alpha = attribute_number(s, "alpha", strcmp(s->n->type, "Swish") ? 1.702 : 1);

	return binary(s, RT_MUL, s->r[0], unary(s, RT_STEP_SIGMOID, binary(s, RT_MUL, alpha, s->r[0])));
}

static int mish_steps(const struct steps *s)
{
	return binary(s, RT_MUL, s->r[0], unary(s, RT_STEP_TANH, unary(s, RT_SOFTPLUS, s->r[0])));
}

static int softsign_steps(const struct steps *s)
{
	return binary(s, RT_DIV, s->r[0], binary(s, RT_ADD, number(s, 1), unary(s, RT_ABS, s->r[0])));
}

static int thresholded_relu_steps(const struct steps *s)
{
	int above = binary(s, RT_GREATER, s->r[0], attribute_number(s, "alpha", 1));

	return where(s, above, s->r[0], number(s, 0));
}

static int shrink_steps(const struct steps *s)
{
	double lambda = attribute_float(s->c, s->n, "lambd", 0.5);
	int bias = attribute_number(s, "bias", 0);
	int low = where(s, binary(s, RT_LESS, s->r[0], number(s, -lambda)), binary(s, RT_ADD, s->r[0], bias), number(s, 0));

	return where(s, binary(s, RT_GREATER, s->r[0], number(s, lambda)), binary(s, RT_SUB, s->r[0], bias), low);
}

static int gelu_steps(const struct steps *s)
{
	const char *approximate = attribute_string(s->c, s->n, "approximate", "none");
	bool tanh = !strcmp(approximate, "tanh");

	if (!tanh && strcmp(approximate, "none"))
		fail_node(s->c, s->n, "approximate '%.40s' is neither none nor tanh", approximate);
	return unary(s, tanh ? RT_STEP_GELU_TANH : RT_STEP_GELU, s->r[0]);
}

/* Gelu of x plus a bias that may be left out: BiasGelu is exact, FastGelu uses tanh. */
static int bias_gelu_steps(const struct steps *s)
{
	int x = input(s->n, 1) ? binary(s, RT_ADD, s->r[0], s->r[1]) : s->r[0];

	return unary(s, strcmp(s->n->type, "FastGelu") ? RT_STEP_GELU : RT_STEP_GELU_TANH, x);
}

static int is_inf_steps(const struct steps *s)
{
	bool negative = attribute_int(s->c, s->n, "detect_negative", 1) != 0;
	bool positive = attribute_int(s->c, s->n, "detect_positive", 1) != 0;

	if (negative && positive)
		return unary(s, RT_IS_INF, s->r[0]);
	if (!negative && !positive)
		return map_integer(s->b, RT_BOOL, 0);
	return binary(s, RT_EQUAL, s->r[0], number(s, negative ? -INFINITY : INFINITY));
}

enum { MANY = 64 };

#define NUMBER "number"
#define FLOAT  "float"
#define ANY    "number bool"

static const struct rule {
	const char *name;
	int least, most; /* inputs */
	const char *types;
	bool logical; /* the result is bool */
	enum rt_step_op op;
	int (*steps)(const struct steps *s); /* instead of op */
} rules[] = {
	{ "Abs", 1, 1, NUMBER, false, RT_ABS, NULL },
	{ "Neg", 1, 1, NUMBER, false, RT_NEG, NULL },
	{ "Sign", 1, 1, NUMBER, false, RT_SIGN, NULL },
	{ "Not", 1, 1, "bool", true, RT_NOT, NULL },
	{ "BitwiseNot", 1, 1, "int", false, RT_BIT_NOT, NULL },
	{ "Floor", 1, 1, FLOAT, false, RT_FLOOR, NULL },
	{ "Ceil", 1, 1, FLOAT, false, RT_CEIL, NULL },
	{ "Round", 1, 1, FLOAT, false, RT_ROUND, NULL },
	{ "Sqrt", 1, 1, FLOAT, false, RT_SQRT, NULL },
	{ "Reciprocal", 1, 1, FLOAT, false, RT_RECIPROCAL, NULL },
	{ "Exp", 1, 1, FLOAT, false, RT_EXP, NULL },
	{ "Log", 1, 1, FLOAT, false, RT_LOG, NULL },
	{ "Sin", 1, 1, FLOAT, false, RT_SIN, NULL },
	{ "Cos", 1, 1, FLOAT, false, RT_COS, NULL },
	{ "Tan", 1, 1, FLOAT, false, RT_TAN, NULL },
	{ "Asin", 1, 1, FLOAT, false, RT_ASIN, NULL },
	{ "Acos", 1, 1, FLOAT, false, RT_ACOS, NULL },
	{ "Atan", 1, 1, FLOAT, false, RT_ATAN, NULL },
	{ "Sinh", 1, 1, FLOAT, false, RT_SINH, NULL },
	{ "Cosh", 1, 1, FLOAT, false, RT_COSH, NULL },
	{ "Asinh", 1, 1, FLOAT, false, RT_ASINH, NULL },
	{ "Acosh", 1, 1, FLOAT, false, RT_ACOSH, NULL },
	{ "Atanh", 1, 1, FLOAT, false, RT_ATANH, NULL },
	{ "Tanh", 1, 1, FLOAT, false, RT_STEP_TANH, NULL },
	{ "Sigmoid", 1, 1, FLOAT, false, RT_STEP_SIGMOID, NULL },
	{ "Erf", 1, 1, FLOAT, false, RT_ERF, NULL },
	{ "Relu", 1, 1, NUMBER, false, RT_STEP_RELU, NULL },
	{ "Softplus", 1, 1, FLOAT, false, RT_SOFTPLUS, NULL },
	{ "IsNaN", 1, 1, FLOAT, true, RT_IS_NAN, NULL },
	{ "IsInf", 1, 1, FLOAT, true, RT_COPY, is_inf_steps },
	{ "Cast", 1, 1, "any", false, RT_CAST, cast_steps },
	{ "Gelu", 1, 1, FLOAT, false, RT_COPY, gelu_steps },
	{ "BiasGelu", 2, 2, FLOAT, false, RT_COPY, bias_gelu_steps },
	{ "FastGelu", 1, 2, FLOAT, false, RT_COPY, bias_gelu_steps },
	{ "QuickGelu", 1, 1, FLOAT, false, RT_COPY, swish_steps },
	{ "LeakyRelu", 1, 1, FLOAT, false, RT_COPY, leaky_relu_steps },
	{ "PRelu", 2, 2, NUMBER, false, RT_COPY, prelu_steps },
	{ "Elu", 1, 1, FLOAT, false, RT_COPY, elu_steps },
	{ "Selu", 1, 1, FLOAT, false, RT_COPY, selu_steps },
	{ "Celu", 1, 1, FLOAT, false, RT_COPY, celu_steps },
	{ "HardSigmoid", 1, 1, FLOAT, false, RT_COPY, hard_sigmoid_steps },
	{ "HardSwish", 1, 1, FLOAT, false, RT_COPY, hard_swish_steps },
	{ "Swish", 1, 1, FLOAT, false, RT_COPY, swish_steps },
	{ "Mish", 1, 1, FLOAT, false, RT_COPY, mish_steps },
	{ "Softsign", 1, 1, FLOAT, false, RT_COPY, softsign_steps },
	{ "ThresholdedRelu", 1, 1, FLOAT, false, RT_COPY, thresholded_relu_steps },
	{ "Shrink", 1, 1, NUMBER, false, RT_COPY, shrink_steps },
	{ "Clip", 1, 3, NUMBER, false, RT_COPY, clip_steps },
	{ "Add", 2, 2, NUMBER, false, RT_ADD, NULL },
	{ "Sub", 2, 2, NUMBER, false, RT_SUB, NULL },
	{ "Mul", 2, 2, NUMBER, false, RT_MUL, NULL },
	{ "Div", 2, 2, NUMBER, false, RT_DIV, NULL },
	{ "Mod", 2, 2, NUMBER, false, RT_COPY, mod_steps },
	{ "Pow", 2, 2, NUMBER, false, RT_COPY, pow_steps },
	{ "Max", 1, MANY, NUMBER, false, RT_COPY, max_steps },
	{ "Min", 1, MANY, NUMBER, false, RT_COPY, min_steps },
	{ "Sum", 1, MANY, FLOAT, false, RT_COPY, sum_steps },
	{ "Mean", 1, MANY, FLOAT, false, RT_COPY, mean_steps },
	{ "Equal", 2, 2, ANY, true, RT_EQUAL, NULL },
	{ "Less", 2, 2, NUMBER, true, RT_LESS, NULL },
	{ "LessOrEqual", 2, 2, NUMBER, true, RT_LESS_EQUAL, NULL },
	{ "Greater", 2, 2, NUMBER, true, RT_GREATER, NULL },
	{ "GreaterOrEqual", 2, 2, NUMBER, true, RT_GREATER_EQUAL, NULL },
	{ "And", 2, 2, "bool", true, RT_AND, NULL },
	{ "Or", 2, 2, "bool", true, RT_OR, NULL },
	{ "Xor", 2, 2, "bool", true, RT_XOR, NULL },
	{ "BitwiseAnd", 2, 2, "int", false, RT_BIT_AND, NULL },
	{ "BitwiseOr", 2, 2, "int", false, RT_BIT_OR, NULL },
	{ "BitwiseXor", 2, 2, "int", false, RT_BIT_XOR, NULL },
	{ "BitShift", 2, 2, "u8 u16 u32 u64", false, RT_COPY, shift_steps },
	{ "Where", 3, 3, ANY, false, RT_WHERE, where_steps },
};

static const struct rule *rule_of(const struct node *n)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (!strcmp(rules[i].name, n->type))
			return &rules[i];
	return NULL;
}

static enum rt_type cast_target(struct ctx *c, const struct node *n)
{
	int64_t to = attribute_int(c, n, "to", 0);

	if (to <= 0 || to > RT_LAST_TYPE || !rt_type_size((enum rt_type)to))
		fail_node(c, n, "ONNX type %lld is not supported as a target", (long long)to);
	return (enum rt_type)to;
}

void elementwise_infer(struct ctx *c, struct node *n)
{
	const struct rule *rule = rule_of(n);
	bool is_where = !strcmp(n->type, "Where"), is_pow = !strcmp(n->type, "Pow");
	int64_t dim[MAX_RANK], wider[MAX_RANK];
	int rank = 0, first = is_where ? 1 : 0;

	need_inputs(c, n, rule->most == MANY ? n->n_in : rule->least, rule->most);
	need_outputs(c, n, 1, 1);
	if (n->n_in == 0)
		fail_node(c, n, "it has no inputs");
	for (int i = 0; i < n->n_in; i++) {
		if (!n->in[i])
			continue;
		need_type(c, n, i, is_where && i == 0 ? "bool" : rule->types);
		if (i >= first && !is_pow)
			need_same_type(c, n, first, i);
		rank = broadcast(c, n, rank, dim, n->in[i]->rank, n->in[i]->dim, wider);
		memcpy(dim, wider, sizeof dim);
	}
	enum rt_type type = rule->logical ? RT_BOOL : n->in[first]->type;
	if (!strcmp(n->type, "Cast"))
		type = cast_target(c, n);
	set_output(c, n, 0, type, rank, dim);
}

/* CastLike becomes a Cast: nothing but the type of its second input matters. */
void cast_like_infer(struct ctx *c, struct node *n)
{
	need_inputs(c, n, 2, 2);
	set_attribute_int(c, n, "to", n->in[1]->type);
	n->op = find_op("", "Cast");
	n->type = n->op->name;
	n->n_in = 1;
	elementwise_infer(c, n);
}

int elementwise_steps(struct ctx *c, const struct node *n, struct map_builder *b, const int *r)
{
	const struct rule *rule = rule_of(n);
	struct steps s = { .c = c, .n = n, .b = b, .r = r, .type = rule->logical ? n->in[0]->type : n->out[0]->type };

	if (rule->steps)
		return rule->steps(&s);
	return map_step(b, rule->op, s.type, r[0], n->n_in > 1 ? r[1] : 0, n->n_in > 2 ? r[2] : 0);
}

/* Sum, Mean, Max and Min of more operands than one map call reads: several calls, each of which takes in what the one
 * before it made. Sums of halves stay float until the last. */
void variadic_lower(struct lower *l, struct node *n)
{
	struct value *y = n->out[0], *so_far = n->in[0];
	enum rt_type type = y->type == RT_F16 || y->type == RT_BF16 ? RT_F32 : y->type;
	bool mean = !strcmp(n->type, "Mean");

	if (map_fits(l->c, n)) {
		lower_map(l, n);
		return;
	}
	for (int at = 1, count; at < n->n_in; at += count) {
		struct node *part = part_new(l, n, "", mean ? "Sum" : n->type, 0);
		count = n->n_in - at < RT_MAP_INPUTS - 1 ? n->n_in - at : RT_MAP_INPUTS - 1;
		part->n_in = 1 + count;
		part->in = NEW(l->c, struct value *, (size_t)part->n_in);
		part->in[0] = so_far;
		memcpy(part->in + 1, n->in + at, (size_t)count * sizeof *n->in);
		so_far = at + count == n->n_in && !mean ? y : temporary(l, n, type, y->rank, y->dim);
		part_last(l, part, so_far);
	}
	if (mean)
		part_last(l, part_new(l, n, "", "Div", 2, so_far, part_number(l, n, type, n->n_in)), y);
}
