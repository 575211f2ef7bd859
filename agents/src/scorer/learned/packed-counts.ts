// Small whole numbers packed into cells, 48 bits of each: a cell is a 64-bit float and holds them
// exactly, through JSON too. Owns the arithmetic and nothing of what the numbers mean. Must never
// write a value outside its field: a neighbour would change.

/** Bits of a cell that are used; float64 is exact to 53, and 48 divides well. */
const CELL_BITS = 48;

/** Fields of equal width side by side: field `i` of a run that begins at a cell. */
export interface Packing {
  readonly bits: number;
  readonly perCell: number;
  /** Largest value of a field. */
  readonly max: number;
  /** 2^(bits·j) for each place j. */
  readonly places: readonly number[];
}

/** @param bits of a field, a divisor of 48 up to 24 */
export function openPacking(bits: number): Packing {
  const perCell = Math.floor(CELL_BITS / bits);
  const places = Array.from({ length: perCell }, (_, j) => 2 ** (bits * j));
  return { bits, perCell, max: 2 ** bits - 1, places };
}

/** Cells that `fields` of a packing need. */
export function cellsFor(packing: Packing, fields: number): number {
  return Math.ceil(fields / packing.perCell);
}

export function fieldAt(packing: Packing, cells: Float64Array, at: number, i: number): number {
  const { bits, perCell, max } = packing;
  const cell = cells[at + Math.floor(i / perCell)] as number;
  const shift = (i % perCell) * bits;
  // The low and the high half apart: a remainder of large floats is slow.
  if (shift + bits <= 32) return (cell >>> shift) & max;
  const high = Math.floor(cell / 2 ** 32);
  if (shift >= 32) return (high >>> (shift - 32)) & max;
  return ((cell >>> shift) | (high << (32 - shift))) & max;
}

/** Writes a field; a value outside of it is brought to its nearest end. */
export function setField(
  packing: Packing,
  cells: Float64Array,
  at: number,
  i: number,
  value: number,
): void {
  const { perCell, max, places } = packing;
  const place = places[i % perCell] as number;
  const index = at + Math.floor(i / perCell);
  const kept = Math.min(max, Math.max(0, Math.trunc(value)));
  const before = fieldAt(packing, cells, at, i);
  cells[index] = (cells[index] as number) + (kept - before) * place;
}
