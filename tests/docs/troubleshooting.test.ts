import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commandNames } from '../../src/admin/commands.ts'
import { settings } from '../../src/config/settings.ts'
import { collectMessages, type Message } from './messages/collect.ts'
import { type Entry, fits, readEntries } from './messages/guide.ts'
import { readSources } from './messages/of-src.ts'

const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')
const { messages, passedOn } = collectMessages(readSources())

/** The messages that no entry is about, or several are, with their file. */
function strays(found: readonly Message[], entries: readonly Entry[]): string[] {
  return found.flatMap(({ text, file }) => {
    const count = entries.filter(({ patterns }) => patterns.some((pattern) => fits(pattern, text))).length
    return count === 1 ? [] : [`${file}: "${text}" has ${count} entries in docs/troubleshooting.md, and needs one`]
  })
}

test('each message that an operator can meet has one entry in the troubleshooting list', () => {
  expect(messages.length).toBeGreaterThan(200)
  expect(strays(messages, readEntries(page))).toEqual([])
})

test('each message of the troubleshooting list is one of the source', () => {
  const patterns = readEntries(page).flatMap((one) => one.patterns)
  expect(patterns.filter((pattern) => !messages.some(({ text }) => fits(pattern, text)))).toEqual([])
})

/** What is no script, no command of the operator and no setting in the cures of these entries. */
function unknownIn(entries: readonly Entry[]): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    scripts: object
  }
  return entries
    .flatMap(({ code }) => code)
    .filter((code) => {
      const [, script, command] = /^(?:sudo .+)?npm run (?:--silent )?(\S+)(?: -- ([a-z]\S+))?/.exec(code) ?? []
      const setting = /^([A-Z]+_[A-Z_]+)(?:=.*)?$/.exec(code)?.[1]
      if (script === 'admin' && command !== undefined && !commandNames.includes(command)) return true
      if (script !== undefined) return !Object.hasOwn(scripts, script)
      return setting !== undefined && !settings.some(({ name }) => name === setting)
    })
}

test('each cure names scripts, commands and settings that there are', () => {
  const code = [
    'npm run backup -- FILE',
    'npm run heal',
    'npm run admin -- list-users',
    'npm run admin -- heal',
    'NO_SUCH=1',
  ]
  expect(unknownIn([{ patterns: [], code }])).toEqual(['npm run heal', 'npm run admin -- heal', 'NO_SUCH=1'])
  expect(
    readEntries(page)
      .flatMap((one) => one.code)
      .filter((one) => one.includes('npm run')).length,
  ).toBeGreaterThan(8)
  expect(unknownIn(readEntries(page))).toEqual([])
})

/** What these pass on is collected where it is made. */
const PASSING = [
  // Lines of an error, and of explainFailure.
  'src/admin/main.ts: process.stderr.write(`notes-api admin: ${line}\\n`)',
  'src/audit/main.ts: process.stderr.write(`notes-api audit: ${line}\\n`)',
  'src/backup/command.ts: process.stderr.write(`notes-api ${name}: ${line}\\n`)',
  'src/backup/command.ts: say(line)',
  'src/main.ts: process.stderr.write(`notes-api: ${line}\\n`)',
  'src/workers/reload.ts: process.stderr.write(`notes-api reload: ${line}\\n`)',
  // The message of a Refusal.
  "src/command-errors.ts: export function explainFailure( error: unknown, { name, outage = '', }: { readon",
  // A BadBackup, a Mistake, a BadDatabaseUrl.
  'src/backup/restore.ts: new Refusal(`${file} ${error.message}; nothing was changed`)',
  'src/config/config.ts: new StartupError(...mistakes, ...missing(env))',
  'src/config/readers.ts: new Mistake(error.message)',
  // What `scan` and `readEnvFile` found.
  'src/config/env-file.ts: new StartupError(...mistakes)',
  'src/config/environment.ts: remarks: [...remarks, ...misspelt(Object.keys(process.env))]',
  'src/main.ts: log.warn(remark)',
  // What the supervisor reports.
  "src/ground.ts: log[event === 'up' ? 'info' : 'error'](line)",
  // The lines of a StartupError in a worker.
  'src/workers/worker-process.ts: new StartupError(...lines)',
  'src/workers/worker-process.ts: refuse(...message.lines)',
]

test('no place passes on a message whose text nobody has seen', () => {
  expect(passedOn.toSorted()).toEqual(PASSING.toSorted())
})

/** Sources that tell an operator something, each with the messages that have to be found in it. */
const planted: readonly (readonly [source: string, texts: readonly string[]])[] = [
  ["log.warn({ err: error }, 'the moon is full')", ['the moon is full']],
  ['deps.log.error(`${count} moons are full`)', ['… moons are full']],
  ["log[level](isFull ? 'the moon is full' : 'the moon is new')", ['the moon is full', 'the moon is new']],
  ["throw new StartupError('PORT: the moon is full', `HOST ${host}`)", ['PORT: the moon is full', 'HOST …']],
  ["class Late extends Refusal {}\nthrow new Late('it is too ' + 'late')", ['it is too late']],
  ["const why = (): string => 'the moon is full'\nnew UsageError(`${name}: ${why()}`)", ['…: the moon is full']],
  ["const lines = []\nlines.push('the moon is full')\nthrow new StartupError(...lines)", ['the moon is full']],
  ['const no = (...lines) => fail(new StartupError(...lines))\nno("too late")', ['too late']],
  ["failed('moon', 'the moon is full', 'wait a week')", ['the moon is full; wait a week']],
  ["console.error('the moon is full')", ['the moon is full']],
  ["process.stderr.write('the moon is full')", ['the moon is full']],
  ["write({ level: 40, msg: 'the moon is full' })", ['the moon is full']],
  ["log.info('the moon is full')", []],
]

test.each(planted)('a new message is found and has no entry: %s', (source, texts) => {
  const found = collectMessages({ 'src/planted.ts': source }).messages
  expect(found.map(({ text }) => text)).toEqual(texts)
  expect(strays(found, readEntries(page))).toEqual(
    texts.map((text) => `src/planted.ts: "${text}" has 0 entries in docs/troubleshooting.md, and needs one`),
  )
})

test('a message is read through the file that a part of it comes from', () => {
  const found = collectMessages({
    'src/a/one.ts': "import { CURE as cure } from '../two.ts'\nthrow new Refusal(`it is late; ${cure}`)",
    'src/two.ts': "export const CURE = 'sleep'",
  })
  expect(found.messages).toEqual([{ text: 'it is late; sleep', file: 'src/a/one.ts' }])
})

function entry(message: string): string {
  return `- \`${message}\`\n  **Cause:** a.\n  **Cure:** b.\n`
}

test('an entry that has no cure, or is about a message of another entry is found', () => {
  const [log] = collectMessages({ 'src/a.ts': "log.warn('the moon is full')" }).messages
  const twice = readEntries(
    `## The log\n\n${entry('the moon is …')}${entry('the <what> is full')}${entry('the moon is full')}`,
  )
  expect(strays([log ?? { text: '', file: '' }], twice)).toEqual([expect.stringContaining('has 2 entries')])
  expect(() => readEntries('## The log\n\n- `the moon is full`\n  **Cause:** a.\n')).toThrow('**Cure:**')
  expect([fits('the <what> is full', 'the … is full'), fits('the <what> is full', 'the moon is full')]).toEqual([
    true,
    false,
  ])
})
