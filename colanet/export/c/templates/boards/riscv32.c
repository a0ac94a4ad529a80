/* A 32-bit RISC-V as QEMU emulates it (virt), without any start-up code of others. It prints by semihosting.
 *
 *   riscv64-unknown-elf-gcc -std=c99 -Os -march=rv32imac -mabi=ilp32 --specs=picolibc.specs -nostartfiles \
 *       -ffunction-sections -Wl,--gc-sections -T boards/riscv32.ld \
 *       example.c NETWORK.c boards/riscv32.c -o example.elf
 *   qemu-system-riscv32 -M virt -bios none -nographic -icount shift=0 \
 *       -semihosting-config enable=on,target=native -kernel example.elf
 *
 * The library is for memcpy and memset only, which compilers may call. minstret counts instructions; QEMU's does so
 * with -icount.
 */
#include "board.h"

extern uint32_t _bss, _bss_end;
int main(void);
void board_begin(void);

/* Where the machine starts: the first bytes of the memory. */
__asm__(".section .start, \"ax\"\n"
        ".globl _start\n"
        ".option arch, +zicsr\n"
        "_start:\n"
        "    la sp, _stack\n"
        "    la t0, board_trap\n"
        "    csrw mtvec, t0\n"
        "    j board_begin\n"
        ".balign 4\n"
        "board_trap:\n"
        "    j board_fault\n"
        ".text\n");

/* The three instructions mean a call of the debugger; they must be long ones and lie in one page. */
int32_t board_semihosting(int32_t operation, const void *argument);
__asm__(".section .text.board_semihosting, \"ax\"\n"
        ".option push\n"
        ".option norvc\n"
        ".balign 16\n"
        ".globl board_semihosting\n"
        "board_semihosting:\n"
        "    slli x0, x0, 0x1f\n"
        "    ebreak\n"
        "    srai x0, x0, 7\n"
        "    ret\n"
        ".option pop\n"
        ".text\n");

void board_put(const char *text)
{
    board_semihosting(0x04, text); /* SYS_WRITE0 */
}

uint64_t board_instructions(void)
{
    uint32_t low, high, again;
    do {
        __asm__ volatile(".option arch, +zicsr\n csrr %0, minstreth" : "=r"(high));
        __asm__ volatile(".option arch, +zicsr\n csrr %0, minstret" : "=r"(low));
        __asm__ volatile(".option arch, +zicsr\n csrr %0, minstreth" : "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

void board_exit(int status)
{
    int32_t block[2] = {0x20026, 0}; /* the application has ended, with this status */
    block[1] = status;
    board_semihosting(0x20, block); /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

void board_fault(void);
__attribute__((used)) void board_fault(void)
{
    board_put("fault\n");
    board_exit(3);
}

__attribute__((used)) void board_begin(void)
{
    uint32_t *to;
    for (to = &_bss; to < &_bss_end;) {
        *to++ = 0;
    }
    board_exit(main());
}
