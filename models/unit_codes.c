#include "models/unit_codes.h"

#include <math.h>

void unit_codes_standardise(float *rows, size_t count, size_t width)
{
    double squares = 0.0;
    for (size_t c = 0; c < width; c++) {
        double sum = 0.0;
        for (size_t u = 0; u < count; u++)
            sum += (double)rows[u * width + c];
        for (size_t u = 0; u < count; u++) {
            float *value = &rows[u * width + c];
            *value -= (float)(sum / (double)count);
            squares += (double)*value * (double)*value;
        }
    }
    const float scale = squares > 0.0 ? (float)sqrt((double)(count * width) / squares) : 1.0f;
    for (size_t i = 0; i < count * width; i++)
        rows[i] *= scale;
}
