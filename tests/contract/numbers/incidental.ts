import type { Figure } from './figures.ts'

interface Rule {
  /** Of the whole sentence, with the figure in guillemets. */
  readonly pattern: RegExp
  readonly reason: string
}

/** A number that says nothing about the server. Each rule must be met by a figure that no claim measures. */
export const rules: readonly Rule[] = [
  { pattern: /\bRFC «\d+»/, reason: 'the number of a standard' },
  { pattern: /\bRFC \d+, section «[\d.]+»/, reason: 'the section of a standard' },
  { pattern: /\bUTF-«8»/, reason: 'a name: UTF-8' },
  { pattern: /`%«2B»`/, reason: 'a name: the escape of +' },
  { pattern: /\bU\+«0000»/, reason: 'a name: the character U+0000' },
  { pattern: /\bOAuth «2\.0»/, reason: 'a name: OAuth 2.0' },
  { pattern: /a KiB has «1 024» of them|a MiB «1 048 576»/, reason: 'what a unit means' },
  { pattern: /«(?:0\.0\.0\.0|127\.0\.0\.1)»/, reason: 'an address' },
  {
    pattern: /such as «10\.0\.0\.0»\/8|such as 10\.0\.0\.0\/«8»|fd00::\/«8»/,
    reason: 'an example of a network',
  },
  { pattern: /@host:«(?:5432|6379)»|@host:6379\/«0»/, reason: 'an example of a connection' },
  {
    pattern: /^PostgreSQL (?:«15» to 18|15 to «18»),/,
    reason: 'versions of another program: the tests run on the oldest installed and on the embedded one',
  },
  { pattern: /\\«1»\/'\)$/, reason: 'what the shell puts in its place' },
  { pattern: /^«\d+»\. [A-Z]/, reason: 'the number of an item of a list' },
  { pattern: /\bat «once»/, reason: 'an idiom: immediately, or in the same moment' },
  { pattern: /\bstand «once» `TOKEN`/, reason: 'a conjunction: as soon as' },
  { pattern: /«a second» (?:time|key)\b/i, reason: 'an ordinal: the next after the first' },
  { pattern: /«one» after the other/, reason: 'an idiom: in turn' },
  { pattern: /\b[Tt]he «two»/, reason: 'the parties that the sentence has just named' },
  {
    pattern: /^(The result of )?«one» (place that|error in|action)/i,
    reason: 'an item of a list described on its own',
  },
  {
    pattern:
      /(?<!\b(?:at least|at most|exactly|into|than|become) )«one»(?=[,.;:]|$| (?:that|of|is|on|before|again|you|it|changes|made|was)\b)/i,
    reason: 'a pronoun',
  },
]

export function rulesFor({ text, figure, start }: Figure): readonly Rule[] {
  const marked = `${text.slice(0, start)}«${figure}»${text.slice(start + figure.length)}`
  return rules.filter(({ pattern }) => pattern.test(marked))
}
