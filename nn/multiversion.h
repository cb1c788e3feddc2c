/** Function multiversioning: one binary, vectors as wide as the node has.
 *
 * MULTIVERSION before a function definition compiles it three times (AVX-512, AVX2, baseline) and
 * picks one when the program starts. It is for kernels whose loops the compiler vectorises; what
 * they call must be inlined into them (ALWAYS_INLINE), or it stays baseline code.
 *
 * Results may differ in the last bits between the three, because the wider ones contract a product
 * and a sum into one rounding; on one kind of node they are always the same.
 *
 * Nothing is chosen, and the plain function stays, where the compiler has no target_clones (clang
 * before 14, other processors) and under ThreadSanitizer, which cannot run before the choice. */
#ifndef NN_MULTIVERSION_H
#define NN_MULTIVERSION_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
