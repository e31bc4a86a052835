/**
 * `npm run sovereign`: runs the tests where no other machine can be reached, in a network namespace that has only
 * loopback, and counts the attempts to reach one: with strace, which names them, and by the counters of the kernel,
 * which miss none. Paths after `--` replace the whole suite; one that is no test file is run as a program.
 *
 *   --light     without strace: at full speed, but attempts are counted only
 *   --required  "not run" is a failure
 *   --fallback  where this is not possible, says so and runs the tests all the same, with the network
 *
 * Exit 0: no attempt and no failed test, or not run; 1: otherwise; 2: wrong options.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, createReadStream, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { ASKED_ABOUT, type Attempt, attemptsIn, isRouteQuestion, withoutRoute } from './trace.ts'

const PROJECT = join(import.meta.dirname, '..', '..')
const PLANTED = join(import.meta.dirname, 'planted.ts')
/** What planted.ts does, and what the trace must therefore find. */
const PLANTED_TARGETS = ['192.0.2.1 port 443', '198.51.100.1 port 9', '[2001:db8::1] port 443']
/** Only these calls stop a program; without seccomp, every one would. */
const STRACE = 'strace -f -qq --seccomp-bpf -Y -s 0 -e trace=connect,sendto,sendmsg,sendmmsg'.split(' ')
/**
 * The counters are those of the namespace, so they are read in it. Arguments: their file, the program. A route that
 * leads nowhere refuses like a missing one, and is not counted: so the browser may ask about that address.
 */
const INSIDE = `ip link set lo up || exit 97
ip -6 route add unreachable ${ASKED_ABOUT} 2>/dev/null
counters=$1; shift
"$@"; code=$?
cat /proc/net/snmp /proc/net/snmp6 > "$counters" 2>/dev/null
exit $code`

/** In the environment of what is run: its own test must not plant connections there. */
const INSIDE_NAME = 'SOVEREIGN'

const ENVIRONMENT = {
  ...process.env,
  PATH: `${join(PROJECT, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
  // npm would look for a newer npm.
  npm_config_update_notifier: 'false',
}

interface Outcome {
  readonly code: number
  /** undefined without strace. */
  readonly attempts: readonly Attempt[] | undefined
  readonly counted: number
}

process.exitCode = await main()

async function main(): Promise<number> {
  const given = readArguments()
  if (given === undefined) return 2
  const { isTraced, isRequired, hasFallback, paths } = given
  const obstacle = whyNot(isTraced)
  if (obstacle !== undefined) {
    print(`not run: ${obstacle}`)
    return hasFallback ? runPlainly(paths) : Number(isRequired)
  }
  const trial = await run([process.execPath, PLANTED], isTraced)
  const found = new Set(trial.attempts?.map(({ target }) => target))
  const missed = isTraced ? PLANTED_TARGETS.filter((target) => !found.has(target)) : []
  if (missed.length > 0 || trial.counted < PLANTED_TARGETS.length) {
    print(`the planted connections were not all found (${missed.join(', ') || `${trial.counted} counted`})`)
    return 1
  }
  print(`the ${PLANTED_TARGETS.length} planted connections were found; now the tests`)

  const outcomes = []
  for (const command of commandsFor(paths)) outcomes.push(await run(command, isTraced))
  return report(outcomes)
}

interface Arguments {
  readonly isTraced: boolean
  readonly isRequired: boolean
  readonly hasFallback: boolean
  readonly paths: readonly string[]
}

/** undefined if they are wrong. */
function readArguments(): Arguments | undefined {
  try {
    const type = 'boolean'
    const options = { light: { type }, required: { type }, fallback: { type } } as const
    const { values, positionals: paths } = parseArgs({ allowPositionals: true, options })
    return {
      isTraced: values.light !== true,
      isRequired: values.required === true,
      hasFallback: values.fallback === true,
      paths,
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

function commandsFor(paths: readonly string[]): string[][] {
  const vitest = ['npm', 'test', '--']
  const programs = paths.filter((path) => /\.[cm]?[jt]s$/.test(path) && !path.endsWith('.test.ts'))
  const tests = paths.filter((path) => !programs.includes(path))
  return [
    ...programs.map((path) => [process.execPath, path]),
    ...(programs.length > 0 && tests.length === 0 ? [] : [[...vitest, ...tests]]),
  ]
}

/** Root needs no user namespace. Another user is root in one to bring loopback up, and itself again in a second one. */
function namespace(): string[] {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const inside = ['sh', '-c', INSIDE, 'sh']
  if (uid === 0) return ['unshare', '--net', ...inside]
  const back = INSIDE.replace('"$@"', `unshare --user --map-user=${uid} --map-group=${gid} -- "$@"`)
  return ['unshare', '--map-root-user', '--net', 'sh', '-c', back, 'sh']
}

function whyNot(isTraced: boolean): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux only'
  const missing = ['unshare', 'ip', ...(isTraced ? ['strace', 'mkfifo'] : [])].find(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  )
  if (missing !== undefined)
    return `${missing} is not installed${missing === 'strace' ? ' (--light does without)' : ''}`
  const [program = '', ...args] = namespace()
  const entered = spawnSync(program, [...args, '/dev/null', 'true'], { encoding: 'utf8' })
  if (entered.status !== 0) return `a network namespace is not allowed here (${firstLine(entered.stderr)})`
  if (!isTraced) return undefined
  const traced = spawnSync(program, [...args, '/dev/null', ...STRACE, '-o', '/dev/null', 'true'], { encoding: 'utf8' })
  return traced.status === 0
    ? undefined
    : `strace is not allowed here (${firstLine(traced.stderr)}; --light does without)`
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}

function runPlainly(paths: readonly string[]): number {
  print('the tests run with the network instead')
  const codes = commandsFor(paths).map(([program = '', ...args]) => {
    return spawnSync(program, args, { cwd: PROJECT, env: ENVIRONMENT, stdio: 'inherit' }).status ?? 1
  })
  return Math.max(...codes)
}

async function run(command: readonly string[], isTraced: boolean): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'notes-sovereign-'))
  const [counters, trace] = [join(directory, 'counters'), join(directory, 'trace')]
  try {
    // The trace of a whole suite is long, so it is read while it is written.
    if (isTraced) execFileSync('mkfifo', [trace])
    const [program = '', ...args] = namespace()
    const traced = isTraced ? [...STRACE, '-o', trace, ...command] : command
    const child = spawn(program, [...args, counters, ...traced], {
      cwd: PROJECT,
      env: { ...ENVIRONMENT, [INSIDE_NAME]: 'yes' },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)))
    // If strace never opened it, the reader would wait for ever; opened for both, it does not block.
    void ended.then(() => isTraced && closeSync(openSync(trace, constants.O_RDWR)))
    const attempts = isTraced ? await readTrace(trace) : undefined
    return { code: await ended, attempts, counted: withoutRoute(readFileSync(counters, 'utf8')) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readTrace(file: string): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  for await (const line of createInterface({ input: createReadStream(file) })) attempts.push(...attemptsIn(line))
  return attempts
}

function report(outcomes: readonly Outcome[]): number {
  const traced = outcomes.flatMap((outcome) => outcome.attempts ?? [])
  const attempts = traced.filter((attempt) => !isRouteQuestion(attempt))
  const questions = traced.length - attempts.length
  const counted = outcomes.reduce((sum, outcome) => sum + outcome.counted, 0)
  const found = Math.max(attempts.length, counted)
  const failed = outcomes.filter(({ code }) => code !== 0)
  const kinds = new Map<string, number>()
  for (const { program, call, target } of attempts) {
    const kind = `${target}, by ${program} (${call})`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  for (const [kind, times] of [...kinds].toSorted(([, a], [, b]) => b - a)) print(`  ${times} × ${kind}`)
  if (questions > 0) print(`the browser asked ${questions} times for a route, and sent nothing`)
  print(failed.length === 0 ? 'the tests pass without a network' : `failed without a network: exit ${failed[0]?.code}`)
  print(`${found} attempts to reach another machine (the kernel counted ${counted})`)
  return failed.length === 0 && found === 0 ? 0 : 1
}

function print(line: string): void {
  process.stdout.write(`sovereign: ${line}\n`)
}
