import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyLie, type Lie } from './lie.ts'

/** The files of a copy, which can be restored. */
export class Tree {
  readonly #directory: string
  readonly #before = new Map<string, Buffer>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Keeps the files of lies and the derived ones, and plants. Returns lies that have no place, if `mayMiss`. */
  plant(lies: readonly Lie[], derived: readonly string[], mayMiss = false): readonly Lie[] {
    for (const file of derived) this.#keep(file)
    return lies.filter((lie) => {
      try {
        const path = this.#keep(lie.file)
        writeFileSync(path, applyLie(readFileSync(path, 'utf8'), lie))
        return false
      } catch (error) {
        if (!mayMiss) throw error
        return true
      }
    })
  }

  restore(): void {
    for (const [path, bytes] of this.#before) writeFileSync(path, bytes)
    this.#before.clear()
  }

  #keep(file: string): string {
    const path = join(this.#directory, file)
    if (!this.#before.has(path)) this.#before.set(path, readFileSync(path))
    return path
  }
}
