/* Puts superpoint.bin into the object. */
	.section .rodata
	.balign 64
	.globl superpoint_weights
	.hidden superpoint_weights
superpoint_weights:
	.incbin "superpoint.bin"
	.byte 0
	.section .note.GNU-stack,"",%progbits
