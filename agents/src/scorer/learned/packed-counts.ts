// Small whole numbers packed into cells, 48 bits of each: a cell is a 64-bit float and holds them
// exactly, through JSON too. Owns the arithmetic and nothing of what the numbers mean. Must never
// write a value outside its field: a neighbour would change.
//
// A cell is read as two integers, its low bits and the rest: a float taken apart by shifts costs a
// third of what divisions do, and these are read at every event.

/** Bits of a cell that are used; float64 is exact to 53, and 48 divides well. */
const CELL_BITS = 48;

/** Fields of equal width side by side: field `i` of a run that begins at a cell. */
export interface Packing {
  readonly bits: number;
  readonly perCell: number;
  /** Largest value of a field. */
  readonly max: number;
  /** The low part of a cell ends between two fields, at most 32 bits up. */
  readonly lowBits: number;
  readonly lowScale: number;
  /** What one more in each field of a cell adds to it. */
  readonly ones: readonly number[];
}

/** @param bits of a field: 4, 8, 12 or 16 */
export function openPacking(bits: number): Packing {
  const lowBits = Math.floor(32 / bits) * bits;
  const perCell = CELL_BITS / bits;
  const ones = Array.from({ length: perCell }, (_, i) => 2 ** (i * bits));
  return { bits, perCell, max: 2 ** bits - 1, lowBits, lowScale: 2 ** lowBits, ones };
}

/** Cells that `fields` of a packing need. */
export function cellsFor(packing: Packing, fields: number): number {
  return Math.ceil(fields / packing.perCell);
}

export function fieldAt(packing: Packing, cells: Float64Array, at: number, i: number): number {
  const { bits, perCell, max, lowBits, lowScale } = packing;
  const cell = cells[at + ((i / perCell) | 0)] as number;
  const bit = (i % perCell) * bits;
  if (bit < lowBits) return ((cell >>> 0) >>> bit) & max;
  return ((cell / lowScale) >>> (bit - lowBits)) & max;
}

/** Writes a field; a value outside of it is brought to its nearest end. */
export function setField(
  packing: Packing,
  cells: Float64Array,
  at: number,
  i: number,
  value: number,
): void {
  const { perCell, max, ones } = packing;
  const index = at + ((i / perCell) | 0);
  const kept = Math.min(max, Math.max(0, Math.trunc(value)));
  const before = fieldAt(packing, cells, at, i);
  cells[index] = (cells[index] as number) + (kept - before) * (ones[i % perCell] as number);
}
