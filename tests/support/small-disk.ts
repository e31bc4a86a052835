import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk in memory that can be filled. */
export interface SmallDisk {
  readonly directory: string
  /** Takes all the space that is left. */
  readonly fill: () => void
  /** Gives back what `fill` took. */
  readonly free: () => void
  readonly unmount: () => void
}

/** Returns undefined where this user may not mount; only root may. */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'notes-small-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=711`, 'tmpfs', directory])
  if (mounted.status !== 0) {
    rmSync(directory, { recursive: true })
    return undefined
  }
  const ballast = join(directory, 'ballast')
  return {
    directory,
    fill: () => {
      const descriptor = openSync(ballast, 'a')
      try {
        for (const size of [1024 * 1024, 4096]) writeUntilFull(descriptor, Buffer.alloc(size))
      } finally {
        closeSync(descriptor)
      }
    },
    free: () => rmSync(ballast, { force: true }),
    unmount: () => {
      spawnSync('umount', ['-l', directory])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function writeUntilFull(descriptor: number, block: Buffer): void {
  try {
    for (;;) if (writeSync(descriptor, block) < block.length) return
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
