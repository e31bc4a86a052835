import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkGenerator, report } from './check-generators.ts'
import { undocumented } from './documented.ts'
import type { Generator, Work } from './generator.ts'
import { generators } from './generators.ts'
import { runner } from './run.ts'

const scratch = mkdtempSync(join(tmpdir(), 'notes-clients-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const PROJECT = join(import.meta.dirname, '..', '..')
const node = process.execPath
const place = { contract: '', sources: '', caches: scratch, serverUrl: '', signal: new AbortController().signal }
const fine = async (): Promise<void> => undefined
const broken: Work = ({ run }) => run(node, ['-e', 'console.log("line 7 is wrong"); process.exit(3)'])

function generator(changes: Partial<Generator> = {}): Generator {
  return {
    name: 'one',
    language: 'Some',
    version: '1.0.0',
    needs: [],
    steps: { generate: fine, compile: fine, roundTrip: fine },
    ...changes,
  }
}

async function check(changes: Partial<Generator>, required = false) {
  return checkGenerator(generator(changes), { ...place, scratch: mkdtempSync(join(scratch, 'run-')) }, required)
}

test('the table of docs/clients.md lists every checked generator with its version', () => {
  expect(undocumented(readFileSync(join(PROJECT, 'docs', 'clients.md'), 'utf8'), generators)).toEqual([])
})

test('another version, a missing row and an extra row in that table are found', () => {
  const row = '| `one` | Some | 1.0.0 | a | b | c |\n'
  expect(undocumented(row, [generator()])).toEqual([])
  expect(undocumented(row.replace('1.0.0', '1.0.1'), [generator()])).toEqual([expect.stringContaining('"Some 1.0.1"')])
  expect(undocumented('', [generator()])).toEqual(['docs/clients.md has no row for one'])
  expect(undocumented(row, [])).toEqual(['docs/clients.md names one, which is not checked'])
})

test('a generator whose toolchain is missing or too old is not run, and fails only if it is required', async () => {
  const steps = { generate: fine, compile: fine, roundTrip: () => Promise.reject(new Error('was run')) }
  const absent = { steps, needs: [{ command: 'no-such-toolchain' }] }
  const old = { steps, needs: [{ name: 'Node', command: node, atLeast: '1000.1' }] }
  expect(await check(absent)).toMatchObject({ outcome: 'not run', why: 'no-such-toolchain is not there', seconds: {} })
  expect(await check(old)).toMatchObject({
    outcome: 'not run',
    why: `Node ${process.versions.node} is there, but 1000.1 is needed`,
  })
  expect(await check(absent, true)).toMatchObject({ outcome: 'failed' })
  expect(await check({ needs: [{ command: node, atLeast: '9.10' }] })).toMatchObject({ outcome: 'passed' })
})

test('the first step that fails ends the check, and its output is reported', async () => {
  const steps = { generate: fine, compile: broken, roundTrip: () => Promise.reject(new Error('was run')) }
  const result = await check({ steps })
  expect(result.outcome).toBe('failed')
  expect(result.why).toMatch(/^compile: .*line 7 is wrong.*ended with 3$/s)
  expect(Object.keys(result.seconds)).toEqual(['generate'])
  expect(report([result])).toMatch(/FAILED.*line 7 is wrong.*0 passed, 1 failed, 0 not run$/s)
})

test('only the install step is retried, once', async () => {
  const tries = { install: 0, compile: 0 }
  const failing = (step: keyof typeof tries, times: number) => async () => {
    tries[step] += 1
    if (tries[step] <= times) throw new Error('is away')
  }
  const once = { install: failing('install', 1), generate: fine, compile: fine, roundTrip: fine }
  expect(await check({ steps: once })).toMatchObject({ outcome: 'passed' })
  expect(await check({ steps: { ...once, install: failing('install', 9) } })).toMatchObject({
    outcome: 'failed',
    why: 'install: is away',
  })
  expect(await check({ steps: { generate: fine, compile: failing('compile', 1), roundTrip: fine } })).toMatchObject({
    outcome: 'failed',
  })
  expect(tries).toEqual({ install: 4, compile: 1 })
})

test('a generator that was not run is not counted as passed', async () => {
  const results = [await check({}), await check({ name: 'two', needs: [{ command: 'no-such-toolchain' }] })]
  expect(report(results)).toMatch(/two .*not run: no-such-toolchain is not there\n\n1 passed, 0 failed, 1 not run$/s)
})

test('a command that takes too long, or is interrupted, leaves no process behind', async () => {
  const directory = join(scratch, 'processes')
  mkdirSync(directory)
  const parent = `const {spawn}=require('node:child_process');
    const child=spawn(process.execPath,['-e','setTimeout(()=>0,60000)'],{stdio:'inherit'});
    process.stdout.write('child '+child.pid+'.'); setTimeout(()=>0,60000)`
  const interrupt = new AbortController()
  const late = runner(directory, new AbortController().signal)(node, ['-e', parent], { seconds: 1 })
  const interrupted = runner(directory, interrupt.signal)(node, ['-e', parent])
  const ends = [late, interrupted].map((promise) => promise.catch((error: Error) => error.message))
  setTimeout(() => interrupt.abort(), 1_000)
  for (const [index, why] of ['took longer than 1 s', 'interrupted'].entries()) {
    const message = String(await ends[index])
    expect(message).toContain(why)
    const child = Number(/child (\d+)\./.exec(message)?.[1])
    await expect.poll(() => isRunning(child)).toBe(false)
  }
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is killed, but not yet reaped by the process that inherited it.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
