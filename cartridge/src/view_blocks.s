; The 20x18 tiles around the player, from the blocks of the map. This runs at the end of every step and is the reason
; for assembly here: in C it takes longer than a frame.

	.module view_blocks
	.globl _view_block, _view_stride, _view_table, _view_skip_columns, _view_skip_rows
	.include "ram.inc"

	.area _HOME

; HL = address of the four tiles of block (BC) in the current tile row; BC moves on.
; The tables are aligned to 256 bytes with 16 bytes a block, so an address is made of nibbles.
	.macro BLOCK_ROW
	ld a,(bc)
	inc bc
	swap a
	ld l,a
	and #0x0F
	ld h,a
	ldh a,(fViewTableHigh)
	add a,h
	ld h,a
	ld a,l
	and #0xF0
	ld l,a
	ldh a,(fViewSubRow)
	or l
	ld l,a
	.endm
	.macro COPY2
	ld a,(hl+)
	ld (de),a
	inc de
	ld a,(hl+)
	ld (de),a
	inc de
	.endm
	.macro WHOLE_BLOCK
	BLOCK_ROW
	COPY2
	COPY2
	.endm

; void view_blocks(u8 *destination)   DE = wTilemap or wAttrmap
; _view_block: top left block; _view_stride: blocks in a row; _view_table: high byte of the table;
; _view_skip_columns, _view_skip_rows: 0, or 2 when the view starts in the middle of a block.
_view_blocks::
	ld a,(_view_table)
	ldh (fViewTableHigh),a
	ld a,(_view_skip_rows)
	add a,a
	add a,a
	ldh (fViewSubRow),a
	ld hl,#_view_block
	ld a,(hl+)
	ld c,a
	ld b,(hl)
	ld a,#18
1$:	ldh (fViewRowsLeft),a
	push bc
	ld a,(_view_skip_columns)
	or a
	jr NZ,2$
	WHOLE_BLOCK
	jr 3$
2$:	BLOCK_ROW
	inc hl
	inc hl
	COPY2
3$:	WHOLE_BLOCK
	WHOLE_BLOCK
	WHOLE_BLOCK
	WHOLE_BLOCK
	ld a,(_view_skip_columns)
	or a
	jr Z,4$
	BLOCK_ROW
	COPY2
4$:	pop bc
	ldh a,(fViewSubRow)
	add a,#4
	and #0x0F
	ldh (fViewSubRow),a
	jr NZ,5$
	ld a,(_view_stride)	; the next row of blocks
	add a,c
	ld c,a
	jr NC,5$
	inc b
5$:	ldh a,(fViewRowsLeft)
	dec a
	jp NZ,1$
	ret
