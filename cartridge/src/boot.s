; Boot: the interrupt vectors, the first instructions after reset and the setup of memory before main().
; The vendor logo area of the header stays empty; cartridge/tools/rom.py fills in the rest of the header.

	.module boot
	.globl _main, vblank, start
	.globl s__INITIALIZER, s__INITIALIZED, l__INITIALIZER

HRAM_DMA   = 0x80		; the sprite DMA routine must run from HRAM
HRAM_BANK  = 0x9D		; hROMBank
HRAM_WY    = 0xD2		; hWY
HRAM_SEED  = 0xE1		; hRandomAdd, hRandomSub

	.include "ram.inc"

	.area _HEADER (ABS)
	.org 0x38
crash:				; a jump into empty ROM (0xFF = rst 38h) ends here, where a debugger sees it
	jr crash
	.org 0x40
	jp vblank
	.org 0x48
	reti
	.org 0x50
	reti
	.org 0x58
	reti
	.org 0x60
	reti
	.org 0x100
	nop
	jp start
	.org 0x150
start:
	di
	ld sp,#STACK_TOP
1$:	ldh a,(0x44)		; the LCD may only be switched off in vblank
	cp #0x90
	jr C,1$
	xor a
	ldh (0x40),a
	ldh (0x26),a		; sound off
	ldh (0x70),a		; WRAM bank 1, forever
	ldh (0xFF),a		; no interrupts while switching speed
	ldh (0x0F),a
	ld a,#0x30
	ldh (0x00),a
	ldh a,(0x4D)		; already fast when the game itself starts anew
	rlca
	jr C,6$
	ld a,#1
	ldh (0x4D),a		; double speed: twice the work fits into vblank, and halting makes it free
	stop
6$:	xor a
	ldh (0x4F),a
	ld hl,#0xC000		; clear work RAM; nothing is on the stack yet
	ld bc,#0x2000
2$:	xor a
	ld (hl+),a
	dec bc
	ld a,b
	or a,c
	jr NZ,2$
	ld hl,#0xFF80
	ld b,#0x7F
3$:	xor a
	ld (hl+),a
	dec b
	jr NZ,3$
	ld hl,#dma_code
	ld c,#HRAM_DMA
	ld b,#dma_code_end-dma_code
4$:	ld a,(hl+)
	ldh (c),a
	inc c
	dec b
	jr NZ,4$
	ld a,#1
	ldh (HRAM_BANK),a
	ld (0x2000),a
	ld a,#0x90		; window below the screen
	ldh (HRAM_WY),a
	ld a,#0xA5		; the seed of the random numbers; an environment may poke another one
	ldh (HRAM_SEED),a
	ld a,#0x1E
	ldh (HRAM_SEED+1),a
	call copy_initialised
	ld a,#1			; vblank is the only interrupt
	ldh (0xFF),a
	xor a
	ldh (0x0F),a
	ei
	call _main
5$:	halt
	jr 5$

dma_code:
	ld a,#0xC4		; wShadowOAM
	ldh (0x46),a
	ld a,#40
1$:	dec a
	jr NZ,1$
	ret
dma_code_end:

	.area _HOME
	.area _CODE
	.area _INITIALIZER
	.area _GSINIT
copy_initialised:
	ld hl,#s__INITIALIZER
	ld de,#s__INITIALIZED
	ld bc,#l__INITIALIZER
1$:	ld a,b
	or c
	jr Z,2$
	ld a,(hl+)
	ld (de),a
	inc de
	dec bc
	jr 1$
2$:
	.area _GSFINAL
	ret
	.area _DATA
	.area _INITIALIZED
