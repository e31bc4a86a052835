/** One instruction of a Dockerfile: `COPY --from=packages /source ./` has one flag and two arguments. */
export interface Instruction {
  readonly name: (typeof KNOWN)[number]
  readonly flags: Readonly<Record<string, string>>
  /** What follows the flags, as it stands there. */
  readonly text: string
}

export interface Stage {
  readonly name: string
  /** The image, or the stage, that it begins with. */
  readonly base: string
  readonly instructions: readonly Instruction[]
}

/** What `build.ts` can do, or what changes nothing that it does. */
const KNOWN = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'CMD', 'HEALTHCHECK'] as const
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  COPY: ['from'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'retries'],
}

/** Reads a Dockerfile. Refuses what is not understood here, so that a test cannot pass over it. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = []
  const code = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n/g, ' ')
  for (const line of code.split('\n').filter((one) => one.trim() !== '')) {
    const instruction = parseLine(line)
    if (instruction.name === 'FROM') {
      const [, base = '', name = ''] = /^(\S+)(?: AS (\S+))?$/.exec(instruction.text) ?? []
      if (base === '') throw new Error(`Not understood: ${line}`)
      stages.push({ name, base, instructions: [] })
    } else {
      const stage = stages.at(-1)
      if (stage === undefined) throw new Error(`Before the first FROM: ${line}`)
      stage.instructions.push(instruction)
    }
  }
  return stages
}

function parseLine(line: string): Instruction {
  const [, word = '', options = '', text = ''] = /^([A-Z]+)((?:\s+--\S+)*)\s+(.*)$/.exec(line) ?? []
  const name = KNOWN.find((known) => known === word)
  if (name === undefined) throw new Error(`Not understood: ${line}`)
  const flags = Object.fromEntries(
    [...options.matchAll(/--([a-z-]+)=(\S+)/g)].map(([, flag = '', value = '']) => [flag, value]),
  )
  const allowed = FLAGS[name] ?? []
  const isKnown = Object.keys(flags).every((flag) => allowed.includes(flag))
  if (!isKnown || options.split('--').length - 1 !== Object.keys(flags).length)
    throw new Error(`Not understood: ${line}`)
  return { name, flags, text: text.trim() }
}

/** The words of the exec form. The shell form is refused: a shell would keep the signals to itself. */
export function execForm(text: string): string[] {
  const words: unknown = JSON.parse(text)
  if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')) return words
  throw new Error(`Not the exec form: ${text}`)
}

/** `A=1 B=2`, without quotation marks. */
export function assignments(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(/\s+/).map((pair) => {
      const [, name = '', value = ''] = /^(\w+)=([^\s"'$\\]*)$/.exec(pair) ?? []
      if (name === '') throw new Error(`Not understood: ENV ${pair}`)
      return [name, value] as const
    }),
  )
}
