import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Gate } from './gates.ts'
import type { Lie } from './lie.ts'
import type { Project } from './project.ts'
import { type Outcome, RedGates, tryLies } from './try-lies.ts'

const root = mkdtempSync(join(tmpdir(), 'lies-test-'))
const scratch = mkdtempSync(join(tmpdir(), 'lies-test-'))
const files = {
  'value.mjs': 'export const value = 1\nexport const other = 2\n// twice twice\n',
  'value.test.mjs': `import { expect, test } from 'vitest'
    import { value } from './value.mjs'
    test('the value is one', () => {
      if (value === 0) throw new Error('cannot ask')
      if (value === 7) for (;;);
      expect(value).toBe(1)
    })`,
  'order.test.mjs': `import { expect, test } from 'vitest'
    import { value } from './value.mjs'
    let begun = false
    test('the first', () => {
      begun = true
      expect(value).toBe(1)
    })
    test('needs the first', () => expect(begun).toBe(true))
    test('needs none', () => expect(value).toBe(1))
    test('is left out', { skip: true }, () => undefined)`,
  'vitest.config.mjs': `export default { test: { globalSetup: './setup.mjs' } }`,
  'setup.mjs': `import { readFileSync } from 'node:fs'
    import { ready } from './ready.mjs'
    export default (project) => {
      let runs = 1
      const provide = () => project.provide('setup', { ready, text: readFileSync('ready.txt', 'utf8'), runs })
      provide()
      project.onTestsRerun(() => ((runs += 1), provide()))
    }`,
  'ready.mjs': 'export const ready = true\n',
  'ready.txt': 'ready\n',
  'setup.test.mjs': `import { expect, inject, test } from 'vitest'
    import { value } from './value.mjs'
    test('all is set up', () => {
      expect(inject('setup')).toMatchObject({ ready: true, text: 'ready\\n' })
      expect(value).toBe(1)
    })`,
  'check.mjs': `import { value } from './value.mjs'
    if (value === 0) throw new TypeError('cannot check')
    if (value !== 1) process.stdout.write('✖ the value is ' + value + '\\n')
    process.exitCode = value === 1 ? 0 : value === 3 ? 3 : 1`,
  'compile.mjs': `import { other } from './value.mjs'
    if (other === 'no number') { console.log('other must be a number'); process.exit(2) }`,
  '.gitignore': 'node_modules\n',
}
const gates: Record<string, Gate> = {
  tests: { failsBy: 'tests', files: ['value.test'] },
  'no tests': { failsBy: 'tests', files: ['absent'] },
  order: { failsBy: 'tests', files: ['order.test'] },
  whole: { failsBy: 'tests', files: ['order.test'], isWhole: true },
  setup: { failsBy: 'tests', files: ['setup.test'] },
  check: { failsBy: 'findings', command: ['node', 'check.mjs'] },
  red: { failsBy: 'findings', command: ['node', '-e', 'console.log("error"); process.exit(1)'] },
}
const project: Project = {
  root,
  scratch,
  gates,
  derived: () => ({ files: [], commands: [] }),
  compile: (changed) => (changed.includes('value.mjs') ? [['node', 'compile.mjs']] : []),
  isSetup: (file) => file === 'ready.txt',
}

function lie(title: string, gate: string, from: string, to: string, everywhere?: true): Lie {
  return { title, gate, file: 'value.mjs', from, to, ...(everywhere && { everywhere }) }
}

function suspected(title: string, gate: string, name: string, file = 'order.test.mjs'): Lie {
  return { ...lie(title, gate, 'value = 1', 'value = 2'), suspect: { file, test: name } }
}

function attempt(lies: readonly Lie[], signal = new AbortController().signal): Promise<Outcome[]> {
  return tryLies(project, lies, { slots: 2, signal, onGate: () => undefined, onOutcome: () => undefined })
}

const expected: readonly [Lie, Outcome['state'], RegExp][] = [
  [lie('an assertion fails', 'tests', 'value = 1', 'value = 2'), 'caught', /^the value is one$/],
  [suspected('its suspect catches it', 'order', 'needs none'), 'caught', /^needs none$/],
  [suspected('its suspect does not catch it any more', 'order', 'needs the first'), 'caught', /^the first$/],
  [suspected('its suspect is gone', 'order', 'renamed'), 'caught', /^the first$/],
  [suspected('its suspect is left out', 'order', 'is left out'), 'caught', /^the first$/],
  [suspected('its suspect is of another gate', 'order', 'the value is one', 'value.test.mjs'), 'caught', /^the first$/],
  [suspected('its gate is run as a whole', 'whole', 'needs none'), 'caught', /^the first$/],
  [
    {
      ...suspected('its suspect fails alone without it', 'order', 'needs the first'),
      from: 'other = 2',
      to: 'other = 3',
    },
    'SURVIVED',
    /^$/,
  ],
  [lie('no test checks it', 'tests', 'other = 2', 'other = 3'), 'SURVIVED', /^$/],
  [
    lie('a test throws before it asserts', 'tests', 'value = 1', 'value = 0'),
    'broken',
    /no assertion failed.*cannot ask/,
  ],
  [
    {
      ...lie('a file does not load', 'tests', "test('the", "throw new Error('no start')\n    test('the"),
      file: 'value.test.mjs',
    },
    'broken',
    /does not load: .*no start/,
  ],
  [lie('it does not compile', 'tests', 'other = 2', "other = 'no number'"), 'broken', /other must be a number/],
  [lie('a program finds it', 'check', 'value = 1', 'value = 2'), 'caught', /✖ the value is 2/],
  [lie('a program passes', 'check', 'other = 2', 'other = 3'), 'SURVIVED', /^$/],
  [lie('a program crashes', 'check', 'value = 1', 'value = 0'), 'broken', /TypeError: cannot check/],
  [lie('a program ends otherwise', 'check', 'value = 1', 'value = 3'), 'broken', /exit code 3/],
  [lie('its place is gone', 'check', 'no such text', ''), 'broken', /does not occur/],
  [lie('it has two places', 'check', 'twice', 'once'), 'broken', /occurs 2 times/],
  [lie('it changes nothing', 'check', 'twice', 'twice', true), 'broken', /nothing changes/],
  [lie('it changes every place', 'check', 'twice', 'once', true), 'SURVIVED', /^$/],
]

/** vitest is started several times. */
const SLOW_MS = 180_000

let outcomes: readonly Outcome[]

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(root, 'node_modules'))
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  outcomes = await attempt(expected.map(([planted]) => planted))
}, SLOW_MS)

afterAll(() => {
  for (const made of [root, scratch]) rmSync(made, { recursive: true })
})

test.each(expected.map(([planted, state, reason]) => ({ title: planted.title, state, reason })))(
  'a lie is tried by its gate: $title, so it is $state',
  ({ title, state, reason }) => {
    const outcome = outcomes.find(({ lie: tried }) => tried.title === title)
    expect(outcome).toMatchObject({ state, reason: expect.stringMatching(reason) })
  },
)

test('each lie is planted in a tree without the others, and the project stays unchanged', () => {
  expect(outcomes).toHaveLength(expected.length)
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(root, name), 'utf8')).toBe(text)
})

test('no lie is tried while a gate is red without one, or checks nothing', async () => {
  await expect(attempt([lie('a lie', 'red', 'value = 1', 'value = 2')])).rejects.toThrow(
    'do not pass without a lie: red',
  )
  await expect(attempt([lie('a lie', 'no tests', 'value = 1', 'value = 2')])).rejects.toThrow(RedGates)
})

test('gates that have just passed are not run without a lie once more', async () => {
  const run: string[] = []
  const options = { slots: 1, signal: new AbortController().signal, onOutcome: () => undefined }
  const lies = [lie('an assertion fails', 'tests', 'value = 1', 'value = 2')]
  const onGate = (name: string) => void run.push(name)
  for (const isPassed of [false, true]) {
    const [outcome] = await tryLies(project, lies, { ...options, isPassed, onGate })
    expect(outcome?.state).toBe('caught')
    expect(run).toEqual(['tests'])
  }
})

/** In one copy, in this order. */
async function statesInTurn(lies: readonly Lie[], tried = project): Promise<Outcome['state'][]> {
  const options = { slots: 1, isPassed: true, signal: new AbortController().signal }
  const inTurn = await tryLies(tried, lies, { ...options, onGate: () => undefined, onOutcome: () => undefined })
  return inTurn.map(({ state }) => state)
}

test(
  'tests see no lie that was planted before, and each one that is planted again',
  async () => {
    const wrong = lie('wrong', 'tests', 'value = 1', 'value = 2')
    const harmless = lie('harmless', 'tests', 'other = 2', 'other = 3')
    expect(await statesInTurn([wrong, harmless, wrong, harmless])).toEqual(['caught', 'SURVIVED', 'caught', 'SURVIVED'])
  },
  SLOW_MS,
)

test(
  'what the global setup reads or imports is read again for a lie in it, and after that lie',
  async () => {
    const imported = { ...lie('imported', 'setup', 'true', 'false'), file: 'ready.mjs' }
    const read = { ...lie('read', 'setup', 'ready', 'nothing'), file: 'ready.txt' }
    const harmless = lie('harmless', 'setup', 'other = 2', 'other = 3')
    const states = await statesInTurn([imported, harmless, read, harmless, imported])
    expect(states).toEqual(['caught', 'SURVIVED', 'caught', 'SURVIVED', 'caught'])
  },
  SLOW_MS,
)

test(
  'a lie that makes tests hang is not caught, and the next one is tried',
  async () => {
    const hanging = lie('hanging', 'tests', 'value = 1', 'value = 7')
    const wrong = lie('wrong', 'tests', 'value = 1', 'value = 2')
    expect(await statesInTurn([hanging, wrong], { ...project, gateTimeoutMs: 10_000 })).toEqual(['broken', 'caught'])
  },
  SLOW_MS,
)

test('a lie for an unknown gate fails the run, and a stopped run leaves no copy behind', async () => {
  await expect(attempt([lie('a lie', 'absent', 'value = 1', 'value = 2')])).rejects.toThrow(
    'There is no gate called absent',
  )
  const abort = new AbortController()
  const run = attempt([lie('a lie', 'check', 'value = 1', 'value = 2')], abort.signal)
  abort.abort(new Error('ended'))
  await expect(run).rejects.toThrow('ended')
  expect(readdirSync(scratch)).toEqual([])
})
