/* arithmetic.c: exp, log, pow and sine from + - * / alone.
 *
 * A C library may round these differently on another CPU or in another version; IEEE 754
 * fixes + - * / and sqrt to the bit. So a run of the plant is the same bytes everywhere.
 * Accuracy is a few units in the last place, tested against libm.
 */
#include "parts.h"

#include <string.h>

static double power_of_two(int64_t exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* exp(r) for |r| <= ln(2)/2: Taylor, even and odd terms apart so that they overlap. */
static double exp_reduced(double r)
{
    double s = r * r;
    double even = 1.0 + s * (1.0 / 2.0 + s * (1.0 / 24.0 + s * (1.0 / 720.0 + s * (1.0 / 40320.0
                  + s * (1.0 / 3628800.0 + s * (1.0 / 479001600.0))))));
    double odd = 1.0 + s * (1.0 / 6.0 + s * (1.0 / 120.0 + s * (1.0 / 5040.0 + s * (1.0 / 362880.0
                 + s * (1.0 / 39916800.0 + s * (1.0 / 6227020800.0))))));
    return even + r * odd;
}

/* Saturates at exp(+-700); NaN gives exp(-700), so no caller meets a NaN from here. */
double plant_exp(double x_ratio)
{
    if (!(x_ratio > -700.0))
        x_ratio = -700.0;
    if (x_ratio > 700.0)
        x_ratio = 700.0;
    double turns = x_ratio * 1.4426950408889634;
    int64_t k = (int64_t)(turns + (turns < 0.0 ? -0.5 : 0.5));
    /* ln 2 in two parts: the first has 21 trailing zero bits, so k * first is exact. */
    double r = x_ratio - (double)k * 6.93147180369123816490e-01;
    r -= (double)k * 1.90821492927058770002e-10;
    return exp_reduced(r) * power_of_two(k);
}

/* 2 atanh(s) for |s| <= 0.172. */
static double log_reduced(double s)
{
    double t = s * s;
    double low = 1.0 + t * (1.0 / 3.0 + t * (1.0 / 5.0 + t * (1.0 / 7.0 + t * (1.0 / 9.0))));
    double high = 1.0 / 11.0 + t * (1.0 / 13.0 + t * (1.0 / 15.0 + t * (1.0 / 17.0
                  + t * (1.0 / 19.0 + t * (1.0 / 21.0)))));
    double t5 = t * t * t * t * t;
    return 2.0 * s * (low + t5 * high);
}

/* Natural logarithm of a normal positive number; anything smaller gives that of 2^-1022. */
double plant_log(double x_ratio)
{
    if (!(x_ratio > 2.2250738585072014e-308))
        x_ratio = 2.2250738585072014e-308;
    uint64_t bits;
    memcpy(&bits, &x_ratio, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.4142135623730951) {
        mantissa *= 0.5;
        exponent += 1;
    }
    double reduced = log_reduced((mantissa - 1.0) / (mantissa + 1.0));
    return (double)exponent * 6.93147180369123816490e-01
           + (reduced + (double)exponent * 1.90821492927058770002e-10);
}

double plant_power(double base_ratio, double exponent_ratio)
{
    if (!(base_ratio > 0.0))
        return 0.0;
    return plant_exp(exponent_ratio * plant_log(base_ratio));
}

/* sin(2 pi cycle) for |cycle| <= 0.5. */
double plant_sine_of_cycle(double cycle_ratio)
{
    double c = plant_clamp(cycle_ratio, -0.5, 0.5);
    if (c > 0.25)
        c = 0.5 - c;
    if (c < -0.25)
        c = -0.5 - c;
    double x = c * 6.283185307179586;
    double s = x * x;
    return x * (1.0 - s * (1.0 / 6.0 - s * (1.0 / 120.0 - s * (1.0 / 5040.0 - s * (1.0 / 362880.0
           - s * (1.0 / 39916800.0 - s * (1.0 / 6227020800.0 - s / 1307674368000.0)))))));
}
