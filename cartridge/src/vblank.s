; The vblank handler: sprites, scroll registers, one map strip or up to four screen rows, joypad, play timer,
; random numbers.
; All video memory is written here (or while the LCD is off), and the line reached at the end is kept as a self-check.

	.module vblank
	.globl vblank, random_step
	.globl _strip_kind, _strip_address, _strip_address2, _strip_run1, _strip_run2, _strip_tiles, _strip_attributes
	.globl _dirty_rows, _any_dirty

	.include "ram.inc"

	.area _HOME
vblank::
	push af
	push bc
	push de
	push hl
	call 0xFF80		; sprite DMA
	ldh a,(hSCX)
	ldh (0x43),a
	ldh a,(hSCY)
	ldh (0x42),a
	ldh a,(hWY)
	ldh (0x4A),a
	ld a,(_strip_kind)
	or a
	jr Z,1$
	call strip
	jr 2$
1$:	ld a,(_any_dirty)
	or a
	call NZ,screen_rows
2$:	ldh a,(0x44)		; all video work must end before line 153; a line below 144 means it ran into the next frame
	cp #0x90
	jr NC,3$
	ld a,#0xFF
3$:	ld b,a
	ldh a,(fLatestVBlankLine)
	cp b
	jr NC,4$
	ld a,b
	ldh (fLatestVBlankLine),a
4$:	call joypad
	call play_timer
	ldh a,(hVBlankCounter)
	inc a
	ldh (hVBlankCounter),a
	call random_step
	xor a
	ld (wVBlankOccurred),a
	pop hl
	pop de
	pop bc
	pop af
	reti

;---------------------------------------------------------------- buttons
joypad:
	ld a,#0x20
	ldh (0x00),a
	ldh a,(0x00)
	ldh a,(0x00)
	cpl
	and #0x0F
	swap a
	ld b,a			; directions in the high nibble
	ld a,#0x10
	ldh (0x00),a
	ldh a,(0x00)
	ldh a,(0x00)
	ldh a,(0x00)
	ldh a,(0x00)
	cpl
	and #0x0F
	or b
	ld b,a			; b = held now
	ld a,#0x30
	ldh (0x00),a
	ldh a,(hJoypadDown)
	ld c,a			; c = held before
	cpl
	and b
	ldh (hJoypadPressed),a
	ld d,a
	ldh a,(hJoypadSum)
	or d
	ldh (hJoypadSum),a
	ld a,b
	cpl
	and c
	ldh (hJoypadReleased),a
	ld a,b
	ldh (hJoypadDown),a
	ret

;------------------------------------------- hours, minutes, seconds, frames played
; The clock of the valley goes with the play time, a minute a second, so that it is the same on every machine.
play_timer:
	ld a,(wGameTimerPaused)
	rra			; bit 0 set: the timer runs
	ret NC
	ld a,(wGameLogicPaused)
	or a
	ret NZ
	ld hl,#wGameTimeFrames
	inc (hl)
	ld a,(hl)
	cp #60
	ret C
	ld (hl),#0
	call clock_minute
	dec hl			; seconds
	inc (hl)
	ld a,(hl)
	cp #60
	ret C
	ld (hl),#0
	dec hl			; minutes
	inc (hl)
	ld a,(hl)
	cp #60
	ret C
	ld (hl),#0
	dec hl			; hours, high byte first
	inc (hl)
	ret NZ
	dec hl
	inc (hl)
	ret

clock_minute:
	ldh a,(hMinutes)
	inc a
	cp #60
	jr C,1$
	ldh a,(hHours)
	inc a
	cp #24
	jr C,2$
	xor a
2$:	ldh (hHours),a
	xor a
1$:	ldh (hMinutes),a
	ret

;------------------------------------------------- one map column or row
strip:
	cp #1
	jr NZ,row
	xor a
	ldh (0x4F),a
	ld de,#_strip_tiles
	call column
	ld a,#1
	ldh (0x4F),a
	ld de,#_strip_attributes
	call column
	jr strip_done
row:
	xor a
	ldh (0x4F),a
	ld de,#_strip_tiles
	call two_rows
	ld a,#1
	ldh (0x4F),a
	ld de,#_strip_attributes
	call two_rows
strip_done:
	xor a
	ldh (0x4F),a
	ld (_strip_kind),a
	ret

column:				; two tiles wide, 18 high
	ld hl,#_strip_address
	ld a,(hl+)
	ld h,(hl)
	ld l,a
	ld b,#18
1$:	ld a,(de)
	inc de
	ld (hl+),a
	ld a,(de)
	inc de
	ld (hl-),a
	ld a,l
	add a,#32
	ld l,a
	jr NC,2$
	inc h
	res 2,h			; the background map wraps after 32 rows
2$:	dec b
	jr NZ,1$
	ret

two_rows:			; each in two runs because the background map wraps after 32 columns
	ld hl,#_strip_address
	ld a,(hl+)
	ld h,(hl)
	ld l,a
	call runs
	ld hl,#_strip_address2
	ld a,(hl+)
	ld h,(hl)
	ld l,a
runs:
	ld a,(_strip_run1)
	ld b,a
	call run
	ld a,(_strip_run2)
	or a
	ret Z
	ld b,a
	dec hl			; back to the start of the 32-tile row
	ld a,l
	and #0xE0
	ld l,a
run:	ld a,(de)
	inc de
	ld (hl+),a
	ld a,(de)
	inc de
	ld (hl+),a
	dec b
	dec b
	jr NZ,run
	ret

;--------------------------- up to four dirty rows of wTilemap to the window
screen_rows:
	ld hl,#_dirty_rows
	ld bc,#0x0400		; b = rows left, c = row
1$:	ld a,(hl)
	or a
	jr Z,2$
	xor a
	ld (hl),a
	push hl
	push bc
	call screen_row
	pop bc
	pop hl
	dec b
	ret Z
2$:	inc hl
	inc c
	ld a,c
	cp #18
	jr C,1$
	xor a
	ld (_any_dirty),a
	ret

	.macro COPY4
	ld a,(hl+)
	ld (de),a
	inc e
	ld a,(hl+)
	ld (de),a
	inc e
	ld a,(hl+)
	ld (de),a
	inc e
	ld a,(hl+)
	ld (de),a
	inc e
	.endm

screen_row:
	ld l,c
	ld h,#0
	add hl,hl
	add hl,hl
	ld e,l
	ld d,h			; de = 4 * row
	add hl,hl
	add hl,hl		; 16 * row
	push hl
	add hl,de		; 20 * row
	ld e,l
	ld d,h
	pop hl
	add hl,hl		; 32 * row
	ld bc,#0x9C00
	add hl,bc
	push hl			; destination
	push de			; 20 * row
	ld hl,#wTilemap
	add hl,de
	ld e,l
	ld d,h
	pop bc
	pop hl
	push hl
	push bc
	ld a,d
	ld d,h
	ld h,a
	ld a,e
	ld e,l
	ld l,a			; hl = source, de = destination
	xor a
	ldh (0x4F),a
	COPY4
	COPY4
	COPY4
	COPY4
	COPY4
	pop bc
	ld hl,#wAttrmap
	add hl,bc
	pop de
	ld a,#1
	ldh (0x4F),a
	COPY4
	COPY4
	COPY4
	COPY4
	COPY4
	xor a
	ldh (0x4F),a
	ret
