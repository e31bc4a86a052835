import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CORE_SCHEMA, load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { escapeToken } from '../../src/contract/document/document.ts'
import { document } from './harness/document-examples.ts'
import { type Break, isAbout, redoclyBreaks, spectralBreaks, withBreaks } from './harness/seeded-breaks.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const contract = join(project, 'openapi.yaml')
const scratch = mkdtempSync(join(tmpdir(), 'lint-'))
afterAll(() => rmSync(scratch, { recursive: true }))

interface Finding {
  readonly file: string
  readonly rule: string
  /** A JSON pointer. */
  readonly pointer: string
}

function run(tool: string, args: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(process.execPath, [join(project, 'node_modules', tool), ...args], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (error !== undefined || stdout === '') throw new Error(`${tool} said nothing: ${stderr}`, { cause: error })
  return stdout
}

/** Runs a linter with the configuration of this project. */
function redocly(file: string): Finding[] {
  const out = run('@redocly/cli/bin/cli.js', [
    'lint',
    file,
    '--config',
    'redocly.yaml',
    '--format',
    'json',
    '--max-problems',
    '2000',
  ])
  interface Report {
    problems: { ruleId: string; location: { pointer?: string }[] }[]
  }
  const { problems } = JSON.parse(out) as Report
  return problems.map(({ ruleId, location: [at] }) => ({
    file,
    rule: ruleId,
    pointer: at?.pointer?.replace('#', '') ?? '',
  }))
}

function spectral(...files: string[]): Finding[] {
  const ruleset = ['--ruleset', 'tests/contract/spectral.yaml', '--fail-severity', 'hint']
  const out = run('@stoplight/spectral-cli/dist/index.js', [
    'lint',
    ...files,
    ...ruleset,
    '--format',
    'json',
    '--quiet',
  ])
  const results = JSON.parse(out) as { code: string; path: (string | number)[]; source: string }[]
  return results.map(({ code, path, source }) => ({
    file: source,
    rule: code,
    pointer: path.map((key) => `/${escapeToken(String(key))}`).join(''),
  }))
}

function write(name: string, value: unknown): string {
  const file = join(scratch, name)
  writeFileSync(file, JSON.stringify(value))
  return file
}

const titled = (seeded: Break) => ({ ...seeded, at: seeded.place.join(' ') })

describe('redocly', () => {
  let found: Finding[]
  beforeAll(() => {
    found = redocly(write('redocly.json', withBreaks(document.root, redoclyBreaks)))
  })

  test('finds nothing in the contract', () => {
    expect(redocly(contract)).toEqual([])
  })

  test.each(redoclyBreaks.map(titled))('$rule finds its break at $at', (seeded) => {
    const places = found.filter(({ rule }) => rule === seeded.rule).map(({ pointer }) => pointer)
    expect(
      places.filter((pointer) => isAbout(seeded, pointer)),
      places.join('\n'),
    ).not.toEqual([])
  })

  test('every rule of our own finds its planted break', () => {
    const folder = new URL('rules/', import.meta.url)
    const own = readdirSync(folder).flatMap((name) => {
      const { oas3_1Rules } = load(readFileSync(new URL(name, folder), 'utf8'), { schema: CORE_SCHEMA }) as {
        oas3_1Rules: object
      }
      return Object.keys(oas3_1Rules)
    })
    const switchedOn = load(readFileSync(join(project, 'redocly.yaml'), 'utf8')) as {
      extends: string[]
      oas3_1Rules: object
    }
    expect(switchedOn.extends.filter((name) => name.endsWith('.yaml'))).toHaveLength(readdirSync(folder).length)
    const seen = new Set(redoclyBreaks.map(({ rule }) => rule))
    const chosen = Object.entries(switchedOn.oas3_1Rules).filter(([, severity]) => severity !== 'off')
    const all = [...own, ...chosen.map(([rule]) => rule)]
    expect(all.filter((rule) => !seen.has(rule))).toEqual([])
  })
})

describe('spectral', () => {
  let found: Finding[]
  let broken: string
  beforeAll(() => {
    broken = write('spectral.json', withBreaks(document.root, spectralBreaks))
    found = spectral(contract, broken)
  })

  test('finds nothing in the contract', () => {
    expect(found.filter(({ file }) => file !== broken)).toEqual([])
  })

  test.each(spectralBreaks.map(titled))('$rule finds its break at $at', (seeded) => {
    const places = found
      .filter(({ file, rule }) => file === broken && rule === seeded.rule)
      .map(({ pointer }) => pointer)
    expect(
      places.filter((pointer) => isAbout(seeded, pointer)),
      places.join('\n'),
    ).not.toEqual([])
  })
})
