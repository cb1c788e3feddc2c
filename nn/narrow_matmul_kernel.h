/* The kernel of narrow_matmul.c, for one width of vectors. C has no other way to write it once for
 * several: vectors wider than the processor's do not become two narrower ones, but memory traffic.
 *
 * Included several times, each time with
 *     VECTOR         floats in a vector
 *     VECTOR_TYPE    a name for the type, and
 *     KERNEL(name)   for the functions
 *     KERNEL_TARGET  the attribute that lets the compiler use such vectors
 *     TALL           rows of a tile of C, three vectors wide, that stays in registers. */

typedef float VECTOR_TYPE
    __attribute__((vector_size(VECTOR * sizeof(float)), aligned(sizeof(float)), may_alias));

/* C[rows][vectors] = start + bias + A B for constants `rows` <= TALL and `vectors` <= 3. */
KERNEL_TARGET ALWAYS_INLINE void KERNEL(tile)(struct narrow_product p, const size_t rows,
                                              const size_t vectors)
{
    VECTOR_TYPE sums[TALL][3], weights[3];
    narrow_ahead_fetch(p.ahead);
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            sums[r][v] = *(const VECTOR_TYPE *)(p.start + r * p.start_stride + v * VECTOR) +
                         *(const VECTOR_TYPE *)(p.bias + v * VECTOR);
    for (size_t run = 0; run < p.runs; run++, p.A += p.run_step, p.B += p.K * p.B_stride)
        for (size_t k = 0; k < p.K; k++) {
#pragma GCC unroll 8
            for (size_t v = 0; v < vectors; v++)
                weights[v] = *(const VECTOR_TYPE *)(p.B + k * p.B_stride + v * VECTOR);
#pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
                for (size_t v = 0; v < vectors; v++)
                    sums[r][v] += p.A[r * p.A_stride + k] * weights[v];
        }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            *(VECTOR_TYPE *)(p.C + r * p.C_stride + v * VECTOR) = sums[r][v];
}

/* All rows of the first `vectors` vectors of columns. */
KERNEL_TARGET ALWAYS_INLINE void KERNEL(columns)(struct narrow_product p, const size_t vectors)
{
    for (; p.M >= TALL; p = narrow_product_below(p, TALL))
        KERNEL(tile)(p, TALL, vectors);
    for (; p.M > 0; p = narrow_product_below(p, 1))
        KERNEL(tile)(p, 1, vectors);
}

/* The last columns, fewer than a vector. */
KERNEL_TARGET ALWAYS_INLINE void KERNEL(rest)(struct narrow_product p)
{
    for (; p.M > 0; p = narrow_product_below(p, 1)) {
        float sums[VECTOR] = { 0 };
        for (size_t n = 0; n < p.N; n++)
            sums[n] = p.start[n] + p.bias[n];
        for (size_t run = 0; run < p.runs; run++)
            for (size_t k = 0; k < p.K; k++)
                for (size_t n = 0; n < p.N; n++)
                    sums[n] += p.A[run * p.run_step + k] * p.B[(run * p.K + k) * p.B_stride + n];
        for (size_t n = 0; n < p.N; n++)
            p.C[n] = sums[n];
    }
}

/* Takes three vectors of columns at a time, then two; one alone would wait for its loads. */
KERNEL_TARGET static void KERNEL(add)(struct narrow_product p)
{
    while (p.N >= VECTOR) {
        const size_t vectors = p.N / VECTOR;
        const size_t taken = vectors >= 3 && vectors != 4 ? 3 : vectors >= 2 ? 2 : 1;
        if (taken == 3)
            KERNEL(columns)(p, 3);
        else if (taken == 2)
            KERNEL(columns)(p, 2);
        else
            KERNEL(columns)(p, 1);
        p = narrow_product_right(p, taken * VECTOR);
    }
    KERNEL(rest)(p);
}

#undef VECTOR
#undef VECTOR_TYPE
#undef KERNEL
#undef KERNEL_TARGET
#undef TALL
