#include <stdio.h>

int main(void)
{
    puts("unitmill " UNITMILL_VERSION);
    return 0;
}
