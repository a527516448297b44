/* Puts lightglue.bin into the object. */
	.section .rodata
	.balign 64
	.globl lightglue_weights
	.hidden lightglue_weights
lightglue_weights:
	.incbin "lightglue.bin"
	.byte 0
	.section .note.GNU-stack,"",%progbits
