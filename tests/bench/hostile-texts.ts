/**
 * Promise I5: `node tests/bench/hostile-texts.ts [seconds]`. Texts that are as expensive as the contract allows, one
 * request at a time and four at once, for some seconds each. Meanwhile /health/live is polled (20 times a second) and
 * another user reads a note (20 times a second). The hostile client has its own process. Not a test: machines differ;
 * the promise is a p99 of 100 ms for /health/live and 300 ms for the reader.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, type Person, register } from '../support/people.ts'
import { cleanUp, serve, temporaryDirectory } from '../support/process.ts'
import { print } from '../support/print.ts'
import { quantile } from './figures.ts'

const SIZE = 1_040_000
const [, , first = '5', url = '', name = '', parallel = '1', milliseconds = '0'] = process.argv

interface Attack {
  /** Makes the note, and returns the request to repeat. */
  readonly prepare: (person: Person) => Promise<() => Promise<Answer>>
}

async function measureAll(seconds: number): Promise<void> {
  print(`${availableParallelism()} cores, ${seconds} s each; milliseconds and MiB`)
  print(`${'text'.padEnd(44)} live p50   p99   max   reader p50   p99   max   RSS  hostile replies`)
  const server = await serve({ DATA_DIR: temporaryDirectory(), LOG_LEVEL: 'warn', NOTES_API_TRAFFIC: '' })
  try {
    const reader = await register(server)
    const { body } = await reader.ask('POST', '/notes', {
      body: { title: 'Read meanwhile', content: 'x'.repeat(1_000) },
    })
    const path = `/notes/${String(body['id'])}`
    for (const attackName of ['nothing', ...Object.keys(attacks)]) {
      for (const count of attackName === 'nothing' ? [1] : [1, 4]) {
        const child = fork(import.meta.filename, [
          'attack',
          server.url,
          attackName,
          String(count),
          String(seconds * 1_000),
        ])
        await once(child, 'message')
        const ended = once(child, 'message') as Promise<[string]>
        const [live, read] = await Promise.all([
          poll(seconds, () => fetch(`${server.url}/health/live`).then((response) => response.arrayBuffer())),
          poll(seconds, () => reader.ask('GET', path)),
        ])
        const [replies] = await ended
        const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1_024
        const figures = [live, read].map((samples) =>
          [0.5, 0.99, 1].map((part) => quantile(samples, part).toFixed(0).padStart(6)).join(''),
        )
        print(
          `${`${attackName}, ${count} at once`.padEnd(44)} ${figures.join('       ')} ` +
            `${rss.toFixed(0).padStart(5)}  ${replies}`,
        )
      }
    }
  } finally {
    await cleanUp()
  }
}

async function poll(seconds: number, ask: () => Promise<unknown>): Promise<number[]> {
  const samples: Promise<number>[] = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    const began = performance.now()
    samples.push(ask().then(() => performance.now() - began))
    await delay(50)
  }
  return Promise.all(samples)
}

/** Runs in its own process: prepares, reports that it is ready, and sends requests until time is up. */
async function attack(server: string, attackName: string, count: number, duration: number): Promise<void> {
  const person = await register({ url: server })
  const request = (await attacks[attackName]?.prepare(person)) ?? (() => delay(duration, { status: 'none' }))
  process.send?.('ready')
  const statuses: Record<string, number> = {}
  const end = performance.now() + duration
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      const { status } = await request()
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: count }, loop))
  process.send?.(JSON.stringify(statuses))
  process.disconnect()
}

/** Lines from a small alphabet, so that hardly any part is alike and no line is unique. */
function unlike(seed: number, letters: number): string {
  let state = seed
  let text = ''
  while (text.length < SIZE) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text += `${String.fromCharCode(97 + ((state >>> 16) % letters))}\n`
  }
  return text
}

function editing(content: string, edits: readonly unknown[], dryRun = false): Attack {
  return {
    prepare: async (person) => {
      const { body } = await person.ask('POST', '/notes', { body: { title: 'Hostile', content } })
      return () => person.ask('POST', `/notes/${String(body['id'])}/edits`, { body: { edits, dry_run: dryRun } })
    },
  }
}

function versions(
  texts: readonly [string, string],
  request: (person: Person, path: string) => Promise<Answer>,
): Attack {
  return {
    prepare: async (person) => {
      const { body } = await person.ask('POST', '/notes', { body: { title: 'Hostile', content: texts[0] } })
      const path = `/notes/${String(body['id'])}`
      await person.ask('PUT', path, { body: { content: texts[1] } })
      return () => request(person, path)
    },
  }
}

const tasks = Array.from({ length: 90_000 }, (_, index) => `- [ ] t${index}\n`)
  .join('')
  .slice(0, SIZE)
const hundred = Array.from({ length: 100 }, (_, index) => index)
const nested = `# A\n\n${'- '.repeat(SIZE / 2 - 10)}x\n`
const [one, other, third] = [unlike(1, 20), unlike(2, 20), unlike(3, 20)]
const fences = hundred.map((index) =>
  index % 2 === 0
    ? { op: 'insert_under', heading: 'A', text: '~~~~~~~~', position: 'start' }
    : { op: 'replace_text', find: '~~~~~~~~\n', replace: '' },
)

const attacks: Readonly<Record<string, Attack>> = {
  '100 toggles of 90 000 tasks': editing(
    tasks,
    hundred.map((index) => ({ op: 'toggle_task', task: `t${index * 500}` })),
  ),
  '100 toggles, dry run': editing(
    tasks,
    hundred.map((index) => ({ op: 'toggle_task', task: `t${index * 500}` })),
    true,
  ),
  '100 insert_under above 90 000 tasks': editing(
    `# A\n\n${tasks}`,
    hundred.map(() => ({ op: 'insert_under', heading: 'A', text: 'x', position: 'start' })),
    true,
  ),
  '100 insert_under, nested bullets': editing(
    nested,
    hundred.map(() => ({ op: 'insert_under', heading: 'A', text: 'x' })),
    true,
  ),
  'code blocks opened and closed': editing(`# A\n\n${'a\n=\n'.repeat(SIZE / 4 - 1_000)}`, fences.slice(0, 14), true),
  'diff of unlike texts': versions([one, other], (person, path) => person.ask('GET', `${path}/revisions/1/diff`)),
  'merge of unlike texts': versions([one, other], (person, path) =>
    person.ask('PATCH', `${path}?on_conflict=merge`, { body: { content: third }, headers: { 'If-Match': '"1"' } }),
  ),
}

if (first === 'attack') await attack(url, name, Number(parallel), Number(milliseconds))
else await measureAll(Math.min(60, Number(first)))
