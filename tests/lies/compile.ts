import type { Lie } from './lie.ts'
import type { Slot } from './slot.ts'

/**
 * Why some lies do not compile. As many as possible are planted at once, because the compiler takes longer than most
 * gates; if it finds fault, each half of them is planted alone, down to single lies.
 */
export async function findUncompiled(
  slot: Pick<Slot, 'compile'>,
  lies: readonly Lie[],
  reasons = new Map<Lie, string>(),
): Promise<ReadonlyMap<Lie, string>> {
  if (lies.length === 0) return reasons
  const { planted, left, reason } = await slot.compile(lies)
  const [first, second] = planted
  if (first === undefined) return reasons
  if (reason !== undefined && second === undefined) reasons.set(first, reason)
  else if (reason !== undefined) {
    const half = Math.ceil(planted.length / 2)
    await findUncompiled(slot, planted.slice(0, half), reasons)
    await findUncompiled(slot, planted.slice(half), reasons)
  }
  return await findUncompiled(slot, left, reasons)
}
