import { posix } from 'node:path'
import ts from 'typescript'

/** Stands for whatever is only known when the program runs. */
export const HOLE = '…'

/** Parsed sources, by their path. */
export type Sources = ReadonlyMap<string, ts.SourceFile>

/** Beyond these, a part is left open: a message with more forms than this is not read by a person either. */
const MOST_FORMS = 16
const DEEPEST = 24

export function parseSources(texts: Readonly<Record<string, string>>): Sources {
  return new Map(
    Object.entries(texts).map(([path, text]) => [path, ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)]),
  )
}

/**
 * All texts that an expression may have, as far as the sources say it: constants, templates, both sides of a condition,
 * what a function returns, what is pushed into a list. A list has the texts of its members.
 */
export function textsOf(node: ts.Node, sources: Sources, depth = 0): string[] {
  if (depth > DEEPEST) return [HOLE]
  const inner = (part: ts.Node): string[] => textsOf(part, sources, depth + 1)
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return [node.text]
  if (ts.isTemplateExpression(node))
    return node.templateSpans.reduce(
      (texts, { expression, literal }) => joined(joined(texts, inner(expression)), [literal.text]),
      [node.head.text],
    )
  if (ts.isBinaryExpression(node)) return ofOperator(node, inner)
  if (ts.isConditionalExpression(node)) return eitherOf(inner(node.whenTrue), inner(node.whenFalse))
  if (ts.isArrayLiteralExpression(node)) return unique(node.elements.flatMap(inner))
  if (ts.isParenthesizedExpression(node) || ts.isSpreadElement(node) || ts.isAwaitExpression(node))
    return inner(node.expression)
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return inner(node.body)
  if (ts.isFunctionLike(node)) return unique(returnsOf(node).flatMap(inner))
  if (ts.isCallExpression(node)) return ofCall(node, inner, sources)
  if (ts.isIdentifier(node)) return ofName(node, inner, sources)
  return [HOLE]
}

function ofOperator(node: ts.BinaryExpression, inner: (part: ts.Node) => string[]): string[] {
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.PlusToken:
      // A sum.
      if ([node.left, node.right].some(ts.isNumericLiteral)) return [HOLE]
      return joined(inner(node.left), inner(node.right))
    case ts.SyntaxKind.QuestionQuestionToken:
    case ts.SyntaxKind.BarBarToken:
      return eitherOf(inner(node.left), inner(node.right))
    default:
      return [HOLE]
  }
}

/** Beside a text that is not known, one of a single word, such as `?? 'unknown'`, says nothing more. */
function eitherOf(some: readonly string[], others: readonly string[]): string[] {
  const both = unique([...some, ...others])
  return both.includes(HOLE) ? both.filter((text) => text === HOLE || text.includes(' ')) : both
}

function ofCall(node: ts.CallExpression, inner: (part: ts.Node) => string[], sources: Sources): string[] {
  const { expression: callee, arguments: given } = node
  if (ts.isIdentifier(callee)) {
    const declared = declarationOf(callee, sources)
    const called = declared !== undefined && ts.isVariableDeclaration(declared) ? declared.initializer : declared
    return called !== undefined && ts.isFunctionLike(called) ? inner(called) : [HOLE]
  }
  const [first] = given
  const isMap = ts.isPropertyAccessExpression(callee) && ['map', 'flatMap'].includes(callee.name.text)
  return isMap && first !== undefined ? inner(first) : [HOLE]
}

function ofName(node: ts.Identifier, inner: (part: ts.Node) => string[], sources: Sources): string[] {
  if (node.text === 'undefined') return []
  const declared = declarationOf(node, sources)
  if (declared === undefined || !ts.isVariableDeclaration(declared)) return [HOLE]
  const { initializer } = declared
  if (initializer === undefined || !isConstant(declared)) return [HOLE]
  // A member of what a function returns: all that is known of it is what is pushed into a list of its name.
  if (!ts.isIdentifier(declared.name)) return unique([HOLE, ...pushedInto(node).flatMap(inner)])
  return ts.isArrayLiteralExpression(initializer)
    ? unique([...inner(initializer), ...pushedInto(node).flatMap(inner)])
    : inner(initializer)
}

/** What is pushed anywhere in this file into a list of this name. */
function pushedInto(node: ts.Identifier): ts.Node[] {
  const found: ts.Node[] = []
  visit(node.getSourceFile(), (one) => {
    if (!ts.isCallExpression(one) || !ts.isPropertyAccessExpression(one.expression)) return
    const { expression: list, name } = one.expression
    if (ts.isIdentifier(list) && list.text === node.text && name.text === 'push') found.push(...one.arguments)
  })
  return found
}

/** A variable or function: of the blocks around, of the file, or of the file that it is imported from. */
function declarationOf(name: ts.Identifier, sources: Sources): ts.Declaration | undefined {
  for (let place = name.parent; ; place = place.parent) {
    if (ts.isFunctionLike(place) && place.parameters.some((one) => namesIn(one.name).includes(name.text)))
      return undefined
    const found =
      ts.isBlock(place) || ts.isSourceFile(place) || ts.isCaseOrDefaultClause(place)
        ? place.statements.flatMap(declaredBy).find((one) => isNamed(one, name.text))
        : undefined
    if (found !== undefined) return found
    if (ts.isSourceFile(place)) return importedAs(name.text, place, sources)
  }
}

type Declared = ts.VariableDeclaration | ts.FunctionDeclaration

function isNamed({ name }: Declared, wanted: string): boolean {
  return name !== undefined && namesIn(name).includes(wanted)
}

function declaredBy(statement: ts.Statement): Declared[] {
  if (ts.isFunctionDeclaration(statement)) return [statement]
  return ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : []
}

function importedAs(name: string, file: ts.SourceFile, sources: Sources): ts.Declaration | undefined {
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    const named = statement.importClause?.namedBindings
    if (named === undefined || !ts.isNamedImports(named)) continue
    const found = named.elements.find((one) => one.name.text === name)
    if (found === undefined) continue
    const path = posix.join(posix.dirname(file.fileName), statement.moduleSpecifier.text)
    const original = (found.propertyName ?? found.name).text
    return sources
      .get(path)
      ?.statements.flatMap(declaredBy)
      .find((one) => isNamed(one, original))
  }
  return undefined
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap((one) => (ts.isBindingElement(one) ? namesIn(one.name) : []))
}

function isConstant(declaration: ts.VariableDeclaration): boolean {
  return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
}

/** What a function returns, without those inside of it. */
function returnsOf(node: ts.SignatureDeclaration): ts.Expression[] {
  const found: ts.Expression[] = []
  const look = (one: ts.Node): void => {
    if (ts.isReturnStatement(one) && one.expression !== undefined) found.push(one.expression)
    if (!ts.isFunctionLike(one)) ts.forEachChild(one, look)
  }
  if ('body' in node && node.body !== undefined) look(node.body)
  return found
}

export function visit(node: ts.Node, look: (one: ts.Node) => void): void {
  look(node)
  ts.forEachChild(node, (child) => visit(child, look))
}

function joined(left: readonly string[], right: readonly string[]): string[] {
  if (left.length * right.length > MOST_FORMS) return left.map((one) => withoutRuns(one + HOLE))
  return unique(left.flatMap((one) => right.map((other) => withoutRuns(one + other))))
}

function withoutRuns(text: string): string {
  return text.replaceAll(/…{2,}/g, HOLE)
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
