; The few routines that C cannot express or is too slow for: waiting, random numbers, reading other ROM banks,
; banked calls.

	.module home
	.globl random_step, start
	.include "ram.inc"

	.area _HOME

;------------------------------------------------------- void wait_frame(void)
; Sleeps until the next vblank. Halting is what makes the cartridge fast in an emulator.
_wait_frame::
	ld a,#1
	ld (wVBlankOccurred),a
1$:	halt
	nop
	ld a,(wVBlankOccurred)
	or a
	jr NZ,1$
	ret

;---------------- void colours_put(const u8 *background, const u8 *objects)
; DE, BC: 64 bytes each to the palette ports. In vblank only, and quick enough for it.
_colours_put::
	ld l,e
	ld h,d
	ld de,#0x4069		; d = bytes, e = port
	call 1$
	ld l,c
	ld h,b
	ld de,#0x406B
1$:	push bc
	ld c,e
	dec c
	ld a,#0x80		; from colour 0 on, each write to the next one
	ldh (c),a
	inc c
2$:	ld a,(hl+)
	ldh (c),a
	dec d
	jr NZ,2$
	pop bc
	ret

;------------------------------------------------------- void reset(void)
_reset::
	di
	jp start

;------------------------------------------------------------ u8 random_byte(void)
; 16-bit xorshift (7, 9, 8) over hRandomAdd and hRandomSub. The vblank handler steps the same state.
_random_byte::
	di
	call random_step
	ei
	ret
random_step::
	push hl
	ldh a,(hRandomSub)
	ld h,a
	ldh a,(hRandomAdd)
	ld l,a
	ld a,h
	rra
	ld a,l
	rra
	xor h
	ld h,a
	ld a,l
	rra
	ld a,h
	rra
	xor l
	ld l,a
	xor h
	ld h,a
	ldh (hRandomSub),a
	ld a,l
	ldh (hRandomAdd),a
	xor h
	pop hl
	ret

;---------------------------------------------------- u8 rom_switch(u8 bank)
; Maps a bank and returns the one mapped before. Only for code that lives in bank 0.
_rom_switch::
	ld b,a
	ldh a,(hROMBank)
	ld c,a
	ld a,b
	ldh (hROMBank),a
	ld (0x2000),a
	ld a,c
	ret

;---------------------------------------------------------------- banked calls
; The compiler calls every __banked function through this: E = bank, HL = address.
___sdcc_bcall_ehl::
	ldh a,(hROMBank)
	push af
	ld a,e
	ldh (hROMBank),a
	ld (0x2000),a
	call 1$
	pop hl
	ld l,a
	ld a,h
	ldh (hROMBank),a
	ld (0x2000),a
	ld a,l
	ret
1$:	jp (hl)

;------------- void rom_copy(u8 bank, void *destination, const void *source, u16 count)
; A = bank, DE = destination, stack: source, count (the callee cleans up).
_rom_copy::
	ld c,a
	ldh a,(hROMBank)
	push af
	ld a,c
	ldh (hROMBank),a
	ld (0x2000),a
	ldhl sp,#4
	ld a,(hl+)
	ld c,a
	ld a,(hl+)
	ld b,a			; bc = source
	push bc
	ld a,(hl+)
	ld c,a
	ld b,(hl)		; bc = count
	pop hl			; hl = source
	ld a,b
	or c
	jr Z,3$
	dec bc			; count down in two bytes: cheaper than a 16-bit test each time
	inc b
	inc c
1$:	ld a,(hl+)
	ld (de),a
	inc de
	dec c
	jr NZ,1$
	dec b
	jr NZ,1$
3$:	pop af
	ldh (hROMBank),a
	ld (0x2000),a
	pop hl
	add sp,#4
	jp (hl)

;------------------------------- u8 rom_byte(u8 bank, const void *source)
; A = bank, DE = source.
_rom_byte::
	ld b,a
	ldh a,(hROMBank)
	ld c,a
	ld a,b
	ldh (hROMBank),a
	ld (0x2000),a
	ld a,(de)
	ld b,a
	ld a,c
	ldh (hROMBank),a
	ld (0x2000),a
	ld a,b
	ret
