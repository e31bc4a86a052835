import ts from 'typescript'
import { HOLE, parseSources, type Sources, textsOf, visit } from './texts.ts'

export interface Message {
  /** With … for each part that is only known when the program runs. */
  readonly text: string
  readonly file: string
}

export interface Collected {
  readonly messages: readonly Message[]
  /** Places that pass on a message which is made elsewhere: nothing of its text is there. */
  readonly passedOn: readonly string[]
}

/** Errors whose texts the operator reads, with what is printed around them. Classes that extend them count too. */
const ERRORS: Readonly<Record<string, Around>> = {
  StartupError: ['', ''],
  Refusal: ['', ''],
  UsageError: ['', ''],
  // After the name of the setting.
  Mistake: [`${HOLE} `, ''],
  BadDatabaseUrl: [`${HOLE} `, ''],
  // After the name of the file.
  BadBackup: [`${HOLE} `, '; nothing was changed'],
}
type Around = readonly [before: string, after: string]
/** This function returns lines for the operator. */
const EXPLAINING = 'explainFailure'
const LEVELS = new Set(['warn', 'error', 'fatal'])

/** Every message that an operator can meet, in the order of the files. */
export function collectMessages(texts: Readonly<Record<string, string>>): Collected {
  const sources = parseSources(texts)
  const errors = withSubclasses(sources)
  const messages = new Map<string, Message>()
  const passedOn = new Set<string>()
  for (const [file, source] of sources) {
    const refusing = refusingIn(source, errors)
    const isRefusal = (node: ts.Node): boolean => ts.isCallExpression(node) && refusing.has(node.expression.getText())
    visit(source, (node) => {
      for (const { around: [before, after] = ['', ''], parts } of isRefusal(node)
        ? givenTo(node)
        : placesAt(node, errors)) {
        for (const own of allOf(parts, sources)) {
          const text = `${before}${own}${after}`
          if (isOpen(own)) passedOn.add(`${file}: ${oneLine(node.getText())}`)
          else messages.set(`${file} ${text}`, { text, file })
        }
      }
    })
  }
  return { messages: [...messages.values()], passedOn: [...passedOn] }
}

interface Place {
  readonly around?: Around
  /** One after the other, as they are printed. */
  readonly parts: readonly (ts.Node | string)[]
}

/** The messages that are made here; several lines of an error are several. */
function placesAt(node: ts.Node, errors: ReadonlyMap<string, Around>): readonly Place[] {
  if (ts.isNewExpression(node)) {
    const around = errors.get(node.expression.getText())
    return around === undefined ? [] : (node.arguments ?? []).map((one) => ({ around, parts: [one] }))
  }
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node))
    return isLine(node) ? [{ parts: [ts.isPropertyAssignment(node) ? node.initializer : node.name] }] : []
  if (ts.isFunctionDeclaration(node)) return node.name?.text === EXPLAINING ? [{ parts: [node] }] : []
  if (!ts.isCallExpression(node)) return []
  const parts = printedBy(node)
  return parts.length === 0 ? [] : [{ parts }]
}

/** Remarks on the settings, and lines that are put into the log without the logger. */
function isLine({ name, parent }: ts.PropertyAssignment | ts.ShorthandPropertyAssignment): boolean {
  const siblings = ts.isObjectLiteralExpression(parent) ? parent.properties.map((one) => one.name?.getText()) : []
  return name.getText() === 'remarks' || (name.getText() === 'msg' && siblings.includes('level'))
}

function printedBy({ expression: callee, arguments: given }: ts.CallExpression): readonly (ts.Node | string)[] {
  const name = callee.getText()
  const last = given.at(-1)
  if (last === undefined) return []
  if (isLogOfTrouble(callee) || /^console\.\w+$/.test(name) || name === 'process.stderr.write') return [last]
  // Progress of a command, and what it leaves to the operator.
  if (/(^|\.)say$/.test(name)) return [last]
  if (name === 'report' && given[0]?.getText() === "'down'") return [last]
  const [, text, remedy] = given
  const isFinding = name === 'failed' || name === 'notPossible'
  return isFinding && text !== undefined && remedy !== undefined ? [text, '; ', remedy] : []
}

/** `log.warn` and its like; also `log[level]`. */
function isLogOfTrouble(callee: ts.Node): boolean {
  if (ts.isElementAccessExpression(callee)) return isLog(callee.expression)
  return ts.isPropertyAccessExpression(callee) && isLog(callee.expression) && LEVELS.has(callee.name.text)
}

function isLog(node: ts.Node): boolean {
  return /(^|\.)log(ger)?$/i.test(node.getText())
}

function allOf(parts: Place['parts'], sources: Sources): string[] {
  return parts.reduce<string[]>(
    (texts, part) => {
      const more = typeof part === 'string' ? [part] : textsOf(part, sources)
      return texts.flatMap((text) => more.map((one) => text + one))
    },
    [''],
  )
}

/** The functions of a file that make an error of what they are given, word for word. */
function refusingIn(source: ts.SourceFile, errors: ReadonlyMap<string, Around>): ReadonlySet<string> {
  const found = new Set<string>()
  visit(source, (node) => {
    if (!ts.isVariableDeclaration(node) || node.initializer === undefined) return
    const { initializer } = node
    if (!ts.isArrowFunction(initializer)) return
    const parameters = new Set(initializer.parameters.map(({ name }) => name.getText()))
    visit(initializer.body, (one) => {
      if (!ts.isNewExpression(one) || !errors.has(one.expression.getText())) return
      const given = (one.arguments ?? []).map((part) => part.getText().replace(/^\.\.\./, ''))
      if (given.some((name) => parameters.has(name))) found.add(node.name.getText())
    })
  })
  return found
}

function givenTo(node: ts.Node): readonly Place[] {
  return ts.isCallExpression(node) ? node.arguments.map((one) => ({ parts: [one] })) : []
}

/** Without a word of its own, such as `${name}: ${reason}`. */
function isOpen(text: string): boolean {
  return !/\p{L}{2}/u.test(text.replace(/^notes-api[^:]*: /, '').replace(/; nothing was changed$/, ''))
}

function oneLine(code: string): string {
  return code.replaceAll(/\s+/g, ' ').slice(0, 80)
}

function withSubclasses(sources: Sources): ReadonlyMap<string, Around> {
  const errors = new Map(Object.entries(ERRORS))
  const classes = [...sources.values()].flatMap(({ statements }) => statements.filter(ts.isClassDeclaration))
  for (let size = 0; size < errors.size;) {
    size = errors.size
    for (const { name, heritageClauses = [] } of classes) {
      const parent = heritageClauses[0]?.types[0]?.expression.getText() ?? ''
      const around = errors.get(parent)
      if (name !== undefined && around !== undefined && !errors.has(name.text)) errors.set(name.text, around)
    }
  }
  return errors
}
