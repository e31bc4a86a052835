import { spawnSync } from 'node:child_process'

/** Whether Go is there and fetches the newer Go that a module may need, as it does from 1.21. */
export function hasGo(): boolean {
  const version = /go1\.(\d+)/.exec(spawnSync('go', ['version'], { encoding: 'utf8' }).stdout ?? '')
  return Number(version?.[1] ?? 0) >= 21
}
