/* The operations of the tape against PyTorch's autograd, recorded in golden/nn-ops: results and all
 * gradients. The goldens are in PyTorch's layout; convolutions and group norm have channels last
 * here. */
#include "nn/tape_activation.h"
#include "nn/tape_attention.h"
#include "nn/tape_convolution.h"
#include "nn/tape_linear.h"
#include "nn/tape_loss.h"
#include "nn/tape_norm.h"
#include "nn/tape_quantise.h"
#include "nn/tape_rows.h"
#include "nn/tape_weight_norm.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the golden's README suggests: within this share of the largest expected value. */
static const double limit = 1e-5;

static struct settings *config;

/* One operation: its recorded tensors, and the tape that repeats it. */
struct operation {
    const char *name;
    struct tensor_table table;
    struct tape *tape;
    void *owned[64]; /* freed at the end */
    size_t owned_count;
};

static void *keep(struct operation *op, void *memory)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_FATAL(op->owned_count < 64);
    return op->owned[op->owned_count++] = memory;
}

static double attribute(const struct operation *op, const char *name, double fallback)
{
    char key[256];
    snprintf(key, sizeof key, "%s.attributes.%s", op->name, name);
    return settings_number(config, key, fallback);
}

static bool is_set(const struct operation *op, const char *name)
{
    char key[256];
    snprintf(key, sizeof key, "%s.attributes.%s", op->name, name);
    return settings_switch(config, key, false);
}

static const struct tensor *tensor_of(const struct operation *op, const char *name)
{
    return tensor_table_find(&op->table, name);
}

/* [B][C][rest] as [B * rest][C]; a matrix stays as it is. */
struct shape {
    size_t batch, channels, rest;
    bool is_channels_first;
};

static struct shape shape_of(const struct tensor *tensor, bool is_channels_first)
{
    const size_t n = tensor->dimension_count;
    struct shape shape = { .batch = 1, .channels = n > 0 ? tensor->shape[n - 1] : 1, .rest = 1 };
    if (is_channels_first) {
        shape = (struct shape){ tensor->shape[0], tensor->shape[1],
                                tensor->count / tensor->shape[0] / tensor->shape[1], true };
    } else if (shape.channels > 0) {
        shape.rest = tensor->count / shape.channels;
    }
    return shape;
}

static size_t place(const struct shape *shape, size_t index)
{
    if (!shape->is_channels_first)
        return index;
    const size_t rest = index % shape->rest, channel = index / shape->rest % shape->channels;
    const size_t image = index / shape->rest / shape->channels;
    return (image * shape->rest + rest) * shape->channels + channel;
}

/* The file need not align its numbers. */
static float float_at(const struct tensor *tensor, size_t i)
{
    float value;
    memcpy(&value, (const char *)tensor->data + i * sizeof value, sizeof value);
    return value;
}

/* The tensor as floats in our layout. */
static float *values_of(struct operation *op, const struct tensor *tensor, bool is_channels_first)
{
    const struct shape shape = shape_of(tensor, is_channels_first);
    float *values = keep(op, malloc((tensor->count + 1) * sizeof *values));
    CU_ASSERT_EQUAL_FATAL(tensor->type, TENSOR_F32);
    for (size_t i = 0; i < tensor->count; i++)
        values[place(&shape, i)] = float_at(tensor, i);
    return values;
}

static struct array *variable(struct operation *op, const char *name, bool is_channels_first)
{
    const struct tensor *tensor = tensor_of(op, name);
    if (tensor == NULL)
        return NULL;
    const struct shape shape = shape_of(tensor, is_channels_first);
    return tape_variable(op->tape, values_of(op, tensor, is_channels_first),
                         shape.batch * shape.rest, shape.channels);
}

/* A parameter, its last extents taken as one. */
static struct array *matrix(struct operation *op, const char *name)
{
    const struct tensor *tensor = tensor_of(op, name);
    if (tensor == NULL)
        return NULL;
    const size_t rows = tensor->dimension_count > 1 ? tensor->shape[0] : 1;
    return tape_variable(op->tape, values_of(op, tensor, false), rows, tensor->count / rows);
}

static void check_values(struct operation *op, const char *name, const float *values,
                         bool is_channels_first)
{
    const struct tensor *tensor = tensor_of(op, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    CU_ASSERT_PTR_NOT_NULL_FATAL(values);
    const struct shape shape = shape_of(tensor, is_channels_first);
    double largest = 0.0, worst = 0.0;
    for (size_t i = 0; i < tensor->count; i++) {
        const double expected = (double)float_at(tensor, i);
        largest = fmax(largest, fabs(expected));
        worst = fmax(worst, fabs((double)values[place(&shape, i)] - expected));
    }
    CU_ASSERT(worst <= limit * largest);
    if (!(worst <= limit * largest))
        fprintf(stderr, "%s: %s is off by %g of %g\n", op->name, name, worst, largest);
}

/* Runs backward from the result, with the golden's own gradient of it, and checks the result. */
static void go_back(struct operation *op, struct array *result, const char *name,
                    bool is_channels_first)
{
    char full[128];
    snprintf(full, sizeof full, "output.%s", name);
    check_status(tape_status(op->tape), STATUS_OK, NULL);
    check_values(op, full, result->value, is_channels_first);
    snprintf(full, sizeof full, "gout.%s", name);
    const struct tensor *gradient = tensor_of(op, full);
    CU_ASSERT_PTR_NOT_NULL_FATAL(gradient);
    tape_seed(op->tape, result, values_of(op, gradient, is_channels_first));
    check_status(tape_run_backward(op->tape), STATUS_OK, NULL);
}

static void check_gradient(struct operation *op, const char *name, const struct array *array,
                           bool is_channels_first)
{
    if (array != NULL)
        check_values(op, name, array->gradient, is_channels_first);
}

static void run_linear(struct operation *op)
{
    struct array *x = variable(op, "input.x", false);
    struct array *weight = matrix(op, "param.weight"), *bias = matrix(op, "param.bias");
    go_back(op, tape_linear(op->tape, x, weight, bias), "y", false);
    check_gradient(op, "gin.x", x, false);
    check_gradient(op, "gparam.weight", weight, false);
    check_gradient(op, "gparam.bias", bias, false);
}

static void run_layer_norm(struct operation *op)
{
    struct array *x = variable(op, "input.x", false);
    struct array *gain = matrix(op, "param.weight"), *offset = matrix(op, "param.bias");
    const float eps = (float)attribute(op, "eps", 0.0);
    go_back(op, tape_layer_norm(op->tape, x, gain, offset, eps), "y", false);
    check_gradient(op, "gin.x", x, false);
    check_gradient(op, "gparam.weight", gain, false);
    check_gradient(op, "gparam.bias", offset, false);
}

/* Segments of equal length. */
static struct segments even_segments(struct operation *op, size_t count, size_t rows)
{
    size_t *starts = keep(op, malloc((count + 1) * sizeof *starts));
    for (size_t s = 0; s <= count; s++)
        starts[s] = s * rows;
    return (struct segments){ .count = count, .starts = starts };
}

static void run_group_norm(struct operation *op)
{
    const struct shape shape = shape_of(tensor_of(op, "input.x"), true);
    const struct segments segments = even_segments(op, shape.batch, shape.rest);
    struct array *x = variable(op, "input.x", true);
    struct array *gain = matrix(op, "param.weight"), *offset = matrix(op, "param.bias");
    go_back(op,
            tape_group_norm(op->tape, x, &segments, (size_t)attribute(op, "num_groups", 0), gain,
                            offset, (float)attribute(op, "eps", 0.0)),
            "y", true);
    check_gradient(op, "gin.x", x, true);
    check_gradient(op, "gparam.weight", gain, false);
    check_gradient(op, "gparam.bias", offset, false);
}

static void run_activation(struct operation *op)
{
    struct array *x = variable(op, "input.x", false), *y = NULL;
    if (strcmp(op->name, "gelu_erf") == 0)
        y = tape_gelu(op->tape, x);
    else if (strcmp(op->name, "gelu_quick") == 0)
        y = tape_quick_gelu(op->tape, x);
    else if (strcmp(op->name, "tanh") == 0)
        y = tape_tanh(op->tape, x);
    else if (strcmp(op->name, "silu") == 0)
        y = tape_silu(op->tape, x);
    else if (strcmp(op->name, "softmax") == 0)
        y = tape_softmax(op->tape, x);
    else if (strcmp(op->name, "l2_normalize") == 0)
        y = tape_l2_normalise(op->tape, x, (float)attribute(op, "eps", 1e-12));
    else
        y = tape_leaky_relu(op->tape, x, (float)attribute(op, "negative_slope", 0.0));
    go_back(op, y, "y", false);
    check_gradient(op, "gin.x", x, false);
}

/* Whole numbers of any of the recorded types. */
static int32_t *ids_of(struct operation *op, const char *name)
{
    const struct tensor *tensor = tensor_of(op, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    CU_ASSERT_EQUAL_FATAL(tensor->type, TENSOR_I64);
    int32_t *ids = keep(op, malloc((tensor->count + 1) * sizeof *ids));
    for (size_t i = 0; i < tensor->count; i++) {
        int64_t id; /* the file need not align it */
        memcpy(&id, (const char *)tensor->data + i * sizeof id, sizeof id);
        ids[i] = (int32_t)id;
    }
    return ids;
}

static void run_cross_entropy(struct operation *op)
{
    struct array *x = variable(op, "input.x", false);
    CU_ASSERT_EQUAL((int)attribute(op, "ignore_index", 0), IGNORED_TARGET);
    go_back(op, tape_cross_entropy(op->tape, x, ids_of(op, "input.target"), 0.0), "loss", false);
    check_gradient(op, "gin.x", x, false);
}

static void run_embedding(struct operation *op)
{
    struct array *table = matrix(op, "param.weight");
    const int32_t padding_id = (int32_t)attribute(op, "padding_idx", NO_PADDING_ID);
    go_back(op,
            tape_embedding(op->tape, table, ids_of(op, "input.ids"),
                           tensor_of(op, "input.ids")->count, padding_id),
            "y", false);
    check_gradient(op, "gparam.weight", table, false);
}

static void run_attention(struct operation *op)
{
    const size_t E = (size_t)attribute(op, "embed_dim", 0);
    const size_t heads = (size_t)attribute(op, "num_heads", 0);
    const struct tensor *queries = tensor_of(op, "input.x"), *others = tensor_of(op, "input.kv");
    const struct tensor *mask = tensor_of(op, "input.key_padding_mask");
    const struct tensor *keys = others != NULL ? others : queries;
    const size_t batch = queries->shape[0];
    struct array *x = variable(op, "input.x", false), *kv = variable(op, "input.kv", false);
    struct array *in_weight = matrix(op, "param.in_proj_weight");
    struct array *in_bias = matrix(op, "param.in_proj_bias");
    struct array *out_weight = matrix(op, "param.out_proj_weight");
    struct array *out_bias = matrix(op, "param.out_proj_bias");
    size_t *visible = keep(op, calloc(batch, sizeof *visible));
    struct array *q = tape_linear(op->tape, x, in_weight, in_bias);
    struct array *k = kv != NULL ? tape_linear(op->tape, kv, in_weight, in_bias) : q;
    struct attention_plan plan = {
        .queries = { q, 0 },
        .keys = { k, E },
        .values = { k, 2 * E },
        .heads = heads,
        .head_width = E / heads,
        .query_segments = even_segments(op, batch, queries->shape[1]),
        .key_segments = even_segments(op, batch, keys->shape[1]),
        .visible = is_set(op, "causal") ? visible : NULL,
        .ignored_keys = mask != NULL ? mask->data : NULL,
        .weights = keep(op, malloc(tensor_of(op, "output.attn")->count * sizeof(float))),
    };
    struct array *mixed = tape_attention(op->tape, &plan);
    go_back(op, tape_linear(op->tape, mixed, out_weight, out_bias), "y", false);
    check_values(op, "output.attn", plan.weights, false);
    check_gradient(op, "gin.x", x, false);
    check_gradient(op, "gin.kv", kv, false);
    check_gradient(op, "gparam.in_proj_weight", in_weight, false);
    check_gradient(op, "gparam.in_proj_bias", in_bias, false);
    check_gradient(op, "gparam.out_proj_weight", out_weight, false);
    check_gradient(op, "gparam.out_proj_bias", out_bias, false);
}

static void run_convolution(struct operation *op)
{
    const bool is_transposed = strncmp(op->name, "conv_transpose", 14) == 0;
    const struct convolution convolution = {
        .kernel = (size_t)attribute(op, "kernel", 0),
        .stride = (size_t)attribute(op, "stride", 1),
        .padding = (size_t)attribute(op, "padding", 0),
        .dilation = (size_t)attribute(op, "dilation", 1),
        .groups = (size_t)attribute(op, "groups", 1),
        .output_padding = (size_t)attribute(op, "output_padding", 0),
    };
    const struct shape in = shape_of(tensor_of(op, "input.x"), true);
    const size_t frames = is_transposed ? convolution_transposed_frames(&convolution, in.rest)
                                        : convolution_frames(&convolution, in.rest);
    const struct segments from = even_segments(op, in.batch, in.rest);
    const struct segments to = even_segments(op, in.batch, frames);
    struct array *x = variable(op, "input.x", true);
    struct array *weight = matrix(op, "param.weight"), *bias = matrix(op, "param.bias");
    CU_ASSERT_EQUAL_FATAL(frames, tensor_of(op, "output.y")->shape[2]);
    struct array *y =
        is_transposed
            ? tape_convolution_transposed(op->tape, x, &from, &to, weight, bias, &convolution)
            : tape_convolution(op->tape, x, &from, &to, weight, bias, &convolution);
    go_back(op, y, "y", true);
    check_gradient(op, "gin.x", x, true);
    check_gradient(op, "gparam.weight", weight, false);
    check_gradient(op, "gparam.bias", bias, false);
}

static void run_convolution_2d(struct operation *op)
{
    const struct tensor *in = tensor_of(op, "input.x");
    const struct convolution_2d convolution = {
        .images = in->shape[0],
        .height = in->shape[2],
        .width = in->shape[3],
        .kernel = (size_t)attribute(op, "kernel", 0),
        .stride = (size_t)attribute(op, "stride", 1),
        .padding = (size_t)attribute(op, "padding", 0),
    };
    struct array *x = variable(op, "input.x", true);
    struct array *weight = matrix(op, "param.weight"), *bias = matrix(op, "param.bias");
    go_back(op, tape_convolution_2d(op->tape, x, weight, bias, &convolution), "y", true);
    check_gradient(op, "gin.x", x, true);
    check_gradient(op, "gparam.weight", weight, false);
    check_gradient(op, "gparam.bias", bias, false);
}

static void run_batched_matmul(struct operation *op)
{
    struct array *a = variable(op, "input.a", false), *b = variable(op, "input.b", false);
    const size_t batch = tensor_of(op, "input.a")->shape[0];
    go_back(op, tape_batched_matmul(op->tape, a, b, batch), "y", false);
    check_gradient(op, "gin.a", a, false);
    check_gradient(op, "gin.b", b, false);
}

static void run_weight_norm(struct operation *op)
{
    struct array *g = matrix(op, "param.g"), *v = matrix(op, "param.v");
    const struct tensor *tensor = tensor_of(op, "param.v");
    const size_t dimension = (size_t)attribute(op, "dim", 0);
    size_t after = 1;
    for (size_t d = dimension + 1; d < tensor->dimension_count; d++)
        after *= tensor->shape[d];
    go_back(op, tape_weight_norm(op->tape, g, v, tensor->shape[dimension], after), "w", false);
    check_gradient(op, "gparam.g", g, false);
    check_gradient(op, "gparam.v", v, false);
}

static void run_quantise(struct operation *op)
{
    struct array *z = variable(op, "input.z", false), *codebook = matrix(op, "param.embedding");
    const struct quantised out = tape_quantise(op->tape, z, codebook, is_set(op, "use_norm"),
                                               (float)attribute(op, "beta", 0.0));
    const int32_t *indices = ids_of(op, "output.indices");
    for (size_t i = 0; i < z->rows; i++)
        CU_ASSERT_EQUAL(out.ids[i], indices[i]);
    check_values(op, "output.loss", out.loss->value, false);
    check_values(op, "output.z_q", out.codes->value, false);
    tape_seed(op->tape, out.loss, values_of(op, tensor_of(op, "gout.loss"), false));
    tape_seed(op->tape, out.codes, values_of(op, tensor_of(op, "gout.z_q"), false));
    check_status(tape_run_backward(op->tape), STATUS_OK, NULL);
    check_gradient(op, "gin.z", z, false);
    check_gradient(op, "gparam.embedding", codebook, false);
}

/* An operation is known by how its name begins. */
static const struct {
    const char *prefix;
    void (*run)(struct operation *op);
} runners[] = {
    { "linear", run_linear },
    { "layer_norm", run_layer_norm },
    { "group_norm", run_group_norm },
    { "gelu_", run_activation },
    { "tanh", run_activation },
    { "silu", run_activation },
    { "softmax", run_activation },
    { "l2_normalize", run_activation },
    { "leaky_relu", run_activation },
    { "cross_entropy", run_cross_entropy },
    { "mha_", run_attention },
    { "conv1d", run_convolution },
    { "conv_transpose1d", run_convolution },
    { "conv2d", run_convolution_2d },
    { "embedding", run_embedding },
    { "batched_matmul", run_batched_matmul },
    { "weight_norm", run_weight_norm },
    { "vq_straight_through", run_quantise },
};

static void run_operation(const char *name, const char *path)
{
    struct operation op = { .name = name };
    size_t r = 0;
    while (r < sizeof runners / sizeof runners[0] &&
           strncmp(name, runners[r].prefix, strlen(runners[r].prefix)) != 0)
        r++;
    if (r == sizeof runners / sizeof runners[0]) {
        fprintf(stderr, "%s: no such operation here\n", name);
        CU_FAIL("an operation that the tape lacks");
        return;
    }
    check_status(safetensors_read(&op.table, path), STATUS_OK, NULL);
    check_status(tape_create(&op.tape, (size_t)256 << 20), STATUS_OK, NULL);
    runners[r].run(&op);
    for (size_t i = 0; i < op.owned_count; i++)
        free(op.owned[i]);
    tape_destroy(op.tape);
    tensor_table_end(&op.table);
}

static void every_recorded_operation_agrees(void)
{
    char folder[800], path[1100];
    snprintf(folder, sizeof folder, "%s/nn-ops", check_golden_folder());
    snprintf(path, sizeof path, "%s/config.json", folder);
    check_status(settings_file_read(&config, path), STATUS_OK, NULL);
    DIR *files = opendir(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(files);
    size_t count = 0;
    for (const struct dirent *file; (file = readdir(files)) != NULL;) {
        const char *ending = strstr(file->d_name, ".safetensors");
        if (ending == NULL)
            continue;
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(ending - file->d_name), file->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        run_operation(name, path);
        count++;
    }
    closedir(files);
    CU_ASSERT(count > 0);
    settings_destroy(config);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "every recorded operation agrees, forward and backward",
          every_recorded_operation_agrees },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "tape against PyTorch", cases);
}
