import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const PROJECT = join(import.meta.dirname, '..', '..')
const unit = readFileSync(join(PROJECT, 'docs', 'deployment', 'notes-api.service'), 'utf8')
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'notes-service-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The unit as a file of systemd, with this checkout in place of the installed one. */
function write(change: (text: string) => string = (text) => text): string {
  const path = join(directory, 'notes-api.service')
  writeFileSync(path, change(unit.replaceAll('/opt/notes-api', PROJECT)))
  return path
}

function verify(path: string) {
  return spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
}

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
describe.skipIf(!hasSystemd)('the unit for systemd', () => {
  test('is verified, and a misspelt line in it is found', () => {
    expect(verify(write())).toMatchObject({ status: 0, stderr: '' })
    expect(verify(write((text) => text.replace('KillMode=', 'KillMod='))).stderr).toContain('KillMod')
  })

  test('leaves the server few rights', () => {
    const output = execFileSync('systemd-analyze', ['security', '--offline=yes', write()], { encoding: 'utf8' })
    const [, exposure = '10'] = /exposure level for \S+: ([\d.]+)/.exec(output) ?? []
    expect(Number(exposure)).toBeLessThan(2)
  })
})

test('the unit ends PostgreSQL after the server, and waits longer than the server takes to stop', () => {
  expect(unit).toContain('\nKillMode=mixed\n')
  const [, seconds = '0'] = /\nTimeoutStopSec=(\d+)\n/.exec(unit) ?? []
  expect(Number(seconds)).toBeGreaterThan(9.5)
})
