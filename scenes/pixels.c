#include "scenes/pixels.h"

#include <math.h>
#include <string.h>

/* One channel of a wash, linear in x and y, in 65536ths of a level of 0 .. 255. */
struct slope {
    double start, down;
    int32_t across;
};

static struct slope slope_of(const struct wash *wash, int channel, size_t width, size_t height)
{
    const double reach = hypot((double)width, (double)height);
    const double across = cos(wash->turn) / reach, down = sin(wash->turn) / reach;
    const double corner = 0.5 - 0.5 * (across * (double)width + down * (double)height);
    const double from = wash->from[channel], way = wash->to[channel] - from;
    const double levels = 255.0 * 65536.0, half_a_level = 32768.0;
    return (struct slope){
        .start = levels * (from + corner * way) + half_a_level,
        .down = levels * down * way,
        .across = (int32_t)(levels * across * way),
    };
}

void pixels_fill_wash(unsigned char *data, size_t stride, size_t width, size_t height,
                      const struct wash *wash)
{
    const struct slope red = slope_of(wash, 0, width, height);
    const struct slope green = slope_of(wash, 1, width, height);
    const struct slope blue = slope_of(wash, 2, width, height);
    for (size_t y = 0; y < height; y++) {
        int32_t r = (int32_t)(red.start + red.down * (double)y);
        int32_t g = (int32_t)(green.start + green.down * (double)y);
        int32_t b = (int32_t)(blue.start + blue.down * (double)y);
        for (size_t x = 0; x < width; x++) {
            const uint32_t pixel =
                (uint32_t)(r >> 16 << 16) | (uint32_t)(g >> 16 << 8) | (uint32_t)(b >> 16);
            memcpy(data + y * stride + 4 * x, &pixel, sizeof pixel);
            r += red.across;
            g += green.across;
            b += blue.across;
        }
    }
}

static uint8_t grained(uint32_t level, int grain)
{
    const int sum = (int)level + grain;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

void pixels_unpack(uint8_t *pixels, const unsigned char *data, size_t stride, size_t width,
                   size_t height, struct random_stream *stream)
{
    for (size_t y = 0; y < height; y++) {
        uint8_t *row = pixels + 3 * y * width;
        uint32_t dice =
            0; /* a byte a pixel: two dice of 0 .. 15, whose sum is nearly bell-shaped */
        for (size_t x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + y * stride + 4 * x, sizeof pixel);
            dice = x % 4 == 0 ? random_bits(stream) : dice >> 8;
            const int grain = (int)((dice & 15u) + (dice >> 4 & 15u) + 2) / 4 - 4;
            row[3 * x] = grained(pixel >> 16 & 255u, grain);
            row[3 * x + 1] = grained(pixel >> 8 & 255u, grain);
            row[3 * x + 2] = grained(pixel & 255u, grain);
        }
    }
}
