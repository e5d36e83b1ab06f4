package libtensorflow

import (
	"fmt"
	"strings"
)

// stubAssembly returns the assembly half of the stub: for each name a function that
// jumps to the address in its slot, and for each slot a first address that resolves it:
//
//	name → *slot → resolve i: save the arguments, tfpair_resolve(i), restore, jump
//
// The functions are hidden, so that the library's own calls of the same names stay
// inside the library.
func stubAssembly(platform string, names []string) (string, error) {
	var b strings.Builder
	switch platform {
	case "linux/amd64":
		amd64Code(&b, names)
	case "linux/arm64":
		arm64Code(&b, names)
	default:
		return "", fmt.Errorf("no stub for %s (known: linux/amd64, linux/arm64)", platform)
	}
	slots(&b, names)
	return b.String(), nil
}

// amd64Code writes the functions for x86-64. The common piece saves the six integer
// and eight vector registers that carry arguments, and rax, and keeps the stack
// aligned: 8 (return address) + 56 + 128 = 192 bytes.
func amd64Code(b *strings.Builder, names []string) {
	b.WriteString("\t.text\n")
	for i, name := range names {
		fmt.Fprintf(b, `	.globl %[1]s
	.hidden %[1]s
	.type %[1]s, @function
%[1]s:
	jmp *tfpair_slots+%[2]d(%%rip)
resolve_%[3]d:
	movl $%[3]d, %%r11d
	jmp resolve
`, name, 8*i, i)
	}
	integers := []string{"rdi", "rsi", "rdx", "rcx", "r8", "r9", "rax"}
	var save, restore strings.Builder
	for i, r := range integers {
		fmt.Fprintf(&save, "\tmovq %%%s, %d(%%rsp)\n", r, 128+8*i)
		fmt.Fprintf(&restore, "\tmovq %d(%%rsp), %%%s\n", 128+8*i, r)
	}
	for i := range 8 {
		fmt.Fprintf(&save, "\tmovdqa %%xmm%d, %d(%%rsp)\n", i, 16*i)
		fmt.Fprintf(&restore, "\tmovdqa %d(%%rsp), %%xmm%d\n", 16*i, i)
	}
	fmt.Fprintf(b, "resolve:\n\tsubq $184, %%rsp\n%s\tmovq %%r11, %%rdi\n"+
		"\tcall tfpair_resolve\n\tmovq %%rax, %%r11\n%s\taddq $184, %%rsp\n\tjmp *%%r11\n",
		&save, &restore)
}

// arm64Code writes the functions for AArch64. The common piece saves x0-x8, the link
// register and q0-q7; x16 and x17 are free for such pieces by the calling convention.
func arm64Code(b *strings.Builder, names []string) {
	b.WriteString("\t.text\n")
	for i, name := range names {
		fmt.Fprintf(b, `	.globl %[1]s
	.hidden %[1]s
	.type %[1]s, %%function
	.p2align 2
%[1]s:
	adrp x16, tfpair_slots+%[2]d
	ldr x16, [x16, #:lo12:tfpair_slots+%[2]d]
	br x16
resolve_%[3]d:
	mov x17, #%[3]d
	b resolve
`, name, 8*i, i)
	}
	var save, restore strings.Builder
	for i := 0; i < 8; i += 2 {
		fmt.Fprintf(&save, "\tstp q%d, q%d, [sp, #%d]\n", i, i+1, 80+16*i)
		fmt.Fprintf(&restore, "\tldp q%d, q%d, [sp, #%d]\n", i, i+1, 80+16*i)
		fmt.Fprintf(&save, "\tstp x%d, x%d, [sp, #%d]\n", i, i+1, 8*i)
		fmt.Fprintf(&restore, "\tldp x%d, x%d, [sp, #%d]\n", i, i+1, 8*i)
	}
	save.WriteString("\tstp x8, x30, [sp, #64]\n")
	restore.WriteString("\tldp x8, x30, [sp, #64]\n")
	fmt.Fprintf(b, "resolve:\n\tsub sp, sp, #208\n%s\tmov x0, x17\n"+
		"\tbl tfpair_resolve\n\tmov x16, x0\n%s\tadd sp, sp, #208\n\tbr x16\n",
		&save, &restore)
}

// slots writes the data: the slots, at first the addresses that resolve them, and the
// names.
func slots(b *strings.Builder, names []string) {
	b.WriteString("\t.data\n\t.p2align 3\n\t.globl tfpair_slots\n\t.hidden tfpair_slots\n" +
		"tfpair_slots:\n")
	for i := range names {
		fmt.Fprintf(b, "\t.quad resolve_%d\n", i)
	}
	b.WriteString("\t.section .data.rel.ro,\"aw\"\n\t.p2align 3\n\t.globl tfpair_names\n" +
		"\t.hidden tfpair_names\ntfpair_names:\n")
	for i := range names {
		fmt.Fprintf(b, "\t.quad name_%d\n", i)
	}
	b.WriteString("\t.section .rodata\n")
	for i, name := range names {
		fmt.Fprintf(b, "name_%d:\n\t.asciz %q\n", i, name)
	}
	b.WriteString("\t.section .note.GNU-stack,\"\",%progbits\n")
}
