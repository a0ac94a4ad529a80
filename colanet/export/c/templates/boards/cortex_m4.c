/* A Cortex-M4 as QEMU emulates it (mps2-an386), without any start-up code of others. It prints by semihosting.
 *
 *   arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m4 -mthumb -ffunction-sections -nostartfiles -Wl,--gc-sections \
 *       -T boards/cortex_m4.ld example.c NETWORK.c boards/cortex_m4.c -o example.elf
 *   qemu-system-arm -M mps2-an386 -nographic -icount shift=0 \
 *       -semihosting-config enable=on,target=native -kernel example.elf
 *
 * Instructions: under -icount shift=0 an instruction takes 1 ns of the emulated time. SysTick counts the clock of
 * 25 MHz, so one of its ticks is 40 instructions.
 */
#include "board.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)
#define SYST_BITS 0xFFFFFFu
#define INSTRUCTIONS_A_TICK 40

extern uint32_t _stack, _data_load, _data, _data_end, _bss, _bss_end;
int main(void);
void board_start(void);

static int32_t semihosting(int32_t operation, const void *argument)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_put(const char *text)
{
    semihosting(0x04, text); /* SYS_WRITE0 */
}

uint64_t board_instructions(void)
{
    static uint32_t last;
    static uint64_t ticks;
    const uint32_t now = SYST_CVR; /* counts down */
    ticks += (last - now) & SYST_BITS;
    last = now;
    return ticks * INSTRUCTIONS_A_TICK;
}

void board_exit(int status)
{
    int32_t block[2] = {0x20026, 0}; /* the application has ended, with this status */
    block[1] = status;
    semihosting(0x20, block); /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

void board_start(void)
{
    uint32_t *to, *from = &_data_load;
    for (to = &_data; to < &_data_end;) {
        *to++ = *from++;
    }
    for (to = &_bss; to < &_bss_end;) {
        *to++ = 0;
    }
    SYST_RVR = SYST_BITS;
    SYST_CVR = 0;
    SYST_CSR = 5; /* on, from the processor's clock, without interrupts */
    board_exit(main());
}

static void board_fault(void)
{
    board_put("fault\n");
    board_exit(3);
}

/* Where the stack begins, where the program begins, and what is called on faults. */
union vector {
    uint32_t *stack;
    void (*code)(void);
};
extern const union vector board_vectors[16];
__attribute__((section(".vectors"), used)) const union vector board_vectors[16] = {
    {.stack = &_stack}, {.code = board_start}, {.code = board_fault}, {.code = board_fault},
    {.code = board_fault}, {.code = board_fault}, {.code = board_fault},
};
