import { squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { couldBeAnyModel } from '@postern/protocol'
import type { Route } from '../resolve/route.js'
import type { Members } from './callers-places.js'
import { asksForPictures } from './asks-for-pictures.js'
import { countOf } from './count-answers.js'
import { MediaCounter } from './count-media.js'
import { isDescribedByProvider, setsHostedWork } from './hosted-work.js'
import { bytesReadAgain, nothingWritten, type WrittenBody } from './read-again.js'
import { definesTools } from './tool-places.js'
import { isPlainChat } from './plain-chat.js'
import { checkModelOutsideBody } from './model-outside-body.js'
import { namedModels } from './named-models.js'
import type { MediaCounts, Need } from './need.js'
import { anyCeiling, hiddenCeilings, readAskedOutput, writersBeside } from './output-limit.js'
import { asksForThinking } from './thinking.js'
import { refuseStored } from '../objects/refuse-stored.js'
import type { EachItem, Visit, VisitedMember } from './visit-members.js'

/** Members whose entries may each add tokens of their own: messages, tools, documents. */
const lists = ['messages', 'input', 'contents', 'tools', 'functions', 'documents'] as const

/** With such a name the gateway chooses the model: `auto`, `openrouter/auto`. */
const chosenByGateway = /^(?:[\w.-]+\/)?auto(?::[\w-]+)?$/i

/** Whether a name stands for one model alone, which has its prices. What no policy trusts as such, as `a@preset/b`, may be any. */
const isOneModel = (name: string): boolean => !chosenByGateway.test(name) && !couldBeAnyModel(name)

const noMedia: MediaCounts = { image: 0, audio: 0, file: 0 }

/** A request that names more models may run any. */
const mostModels = 16

/** A model that searches before it answers (OpenRouter, `:online`). */
const searches = /:online\b/i

/**
 * Measures the most that a request can use, during the walk that checks its body. Never refuses a request: if no member limits what it
 * uses, the result of {@link Measuring.need} has `unbounded`, and `reserve` refuses it under a limit of money or tokens.
 *
 * Text counts by its bytes, so it does not matter what it says or where. What stands outside of text can set the provider to work; of
 * that, what is not known to be bounded is taken for unbounded: stored context, hosted tools, a second writer, answers that are billed
 * later.
 */
export class Measuring {
  readonly #route: Route
  /** Made for the walk. `undefined`: there is none, and no medium. */
  #media: MediaCounter | undefined
  #unbounded: string | undefined
  /** How many tools are defined elsewhere than in the lists of the top: in an item of the input, in another tool, in another spelling. */
  #toolsWithin = 0
  /** How many tools are described by the provider. */
  #toolsOfProvider = 0
  /** The most tokens for thinking that a member asks for. */
  #thinking = 0
  /** Whether it asks for the answer behind its own text. */
  #echoes = false
  /** The models that the request names; `undefined`: any may run. */
  #models: Set<string> | undefined = new Set()

  constructor(route: Route, query: string) {
    this.#route = route
    // Nothing in the request bounds the cost of such an endpoint: creating a container, resuming a run, a search.
    if (route.endpoint.model === 'none') this.isUnbounded(route.endpointPath)
    this.#attempt(
      () => checkModelOutsideBody(route, query, (model) => this.#note(model)),
      () => (this.#models = undefined),
    )
  }

  /** Whether {@link Measuring.visits} would find nothing in a JSON body. */
  findsNothing(members: Members): boolean {
    const { format, model } = this.#route.endpoint
    return format.id === 'chat' && model === 'body' && isPlainChat(members)
  }

  /** The visits of the members of a JSON body. */
  visits(): readonly Visit[] {
    const limit = this.#route.endpoint.format.outputLimit
    const isPicture = this.#makesPictures()
    const media = (this.#media = new MediaCounter())
    const setting: Visit[] = [
      writersBeside(Infinity),
      ...(limit === undefined ? [] : [hiddenCeilings(Infinity, limit)]),
      (member, eachItem) => {
        // What is stored costs nothing; what was stored may be read.
        if (squashName(member.name) !== 'store' && !media.isCounted(member)) refuseStored(member, eachItem)
      },
    ]
    return [
      (member, eachItem) => media.visit(member, eachItem),
      (member) => this.#lookForWork(member, isPicture),
      (member, eachItem) => {
        if (squashName(member.name) === 'echo' && !member.inContent && member.value !== false) this.#echoes = true
        if (!mayNameTools(member)) return
        if (namesTool(member.value)) this.isUnbounded(member.name)
        eachItem((item) => {
          if (namesTool(item)) this.isUnbounded(member.name)
        })
      },
      (member, eachItem) => {
        if (!asksForThinking(member)) return
        this.#noteThinking(member.name, member.value)
        eachItem((item) => this.#noteThinking(member.name, item))
      },
      ...setting.map((visit) => this.#tolerantly(visit)),
      this.#tolerantly(
        namedModels('model', (name) => this.#note(name)),
        () => (this.#models = undefined),
      ),
    ]
  }

  /** The visits of the parameters of a query: what it says is not measured. */
  visitsOfQuery(): readonly Visit[] {
    const limit = this.#route.endpoint.format.outputLimit
    const isPicture = this.#makesPictures()
    const visits = [...(limit === undefined ? [] : [anyCeiling(limit)]), refuseStored].map((visit) => this.#tolerantly(visit))
    return [...visits, (member) => this.#lookForWork({ ...member, isTop: isPicture ? false : member.isTop }, isPicture)]
  }

  #makesPictures(): boolean {
    const { endpoint, endpointPath } = this.#route
    return endpointPath.startsWith('images/') && endpoint.format.id === 'plain'
  }

  /** Says that nothing bounds what the request uses. */
  isUnbounded(because: string): void {
    this.#unbounded ??= because.slice(0, 64)
  }

  /**
   * The result, after the walk.
   *
   * @param body The body as it is sent.
   */
  need(members: Members, body: WrittenBody, model: string | undefined): Need {
    if (model !== undefined || this.#route.endpoint.model === 'body') this.#note(model)
    const media = this.#media?.counts() ?? noMedia
    const pictures = this.#makesPictures() ? countOf(members['n'] ?? 1) : 0
    const output = this.#readOutput(members, pictures)
    return {
      textBytes: Math.max(0, body.bytes.length - (this.#media?.bytes ?? 0)) + (output === undefined ? bytesReadAgain(members, body) : 0),
      entries: lists.reduce((sum, name) => sum + lengthOf(members[name]), 1) + this.#toolsWithin,
      tools: lengthOf(members['tools']) + lengthOf(members['functions']) + this.#toolsWithin,
      toolsOfProvider: this.#toolsOfProvider,
      media,
      picturesAsked: pictures,
      output,
      unbounded: this.#unbounded,
      echoes: this.#echoes,
      models: [...(this.#models ?? [])],
    }
  }

  /** The result for a request of which Postern reads too little: a form, a medium, an empty body. */
  needUnread(): Need {
    this.isUnbounded('Content-Type')
    this.#models = undefined
    return this.need({}, nothingWritten, undefined)
  }

  #note(model: string | undefined): true {
    if (model !== undefined && searches.test(model)) this.isUnbounded('model')
    if (model === undefined || !isOneModel(model) || (this.#models?.size ?? 0) >= mostModels) this.#models = undefined
    else this.#models?.add(model)
    return true
  }

  /**
   * A value that is not a number is not counted here: `hiddenCeilings` makes the request unbounded. A negative number (Gemini API,
   * `thinkingBudget: -1`) lets the provider choose, which `maxOutputTokens` bounds if `countsThinking`.
   */
  #noteThinking(name: string, value: unknown): void {
    if (typeof value !== 'number') return
    const isChosen = value < 0 && this.#route.endpoint.format.outputLimit?.countsThinking === true
    if (!isChosen && !(Number.isSafeInteger(value) && value >= 0)) this.isUnbounded(name)
    else this.#thinking = Math.max(this.#thinking, value)
  }

  #readOutput(members: Members, pictures: number): Need['output'] {
    const { endpoint } = this.#route
    const limit = endpoint.format.outputLimit
    // An embedding, a ranking, a picture: what is made has no length. A video or an agent that is made is billed later.
    if (endpoint.ceiling === 'none' && endpoint.object === undefined) return undefined
    if (pictures === Infinity) this.isUnbounded('n')
    if (pictures > 0) return undefined
    if (endpoint.model === 'stored' || endpoint.object !== undefined || limit === undefined) {
      this.isUnbounded(this.#route.endpointPath)
      return undefined
    }
    try {
      const { limit: asked, answers, writer } = readAskedOutput(limit, members)
      const thinking = this.#thinking === 0 ? undefined : this.#thinking
      if (writer !== undefined) this.isUnbounded(writer)
      if (asked === Infinity || answers === Infinity) this.isUnbounded(limit.places[0]?.slice(1) ?? 'max_tokens')
      return { limit: asked, answers, thinking, countsThinking: limit.countsThinking === true }
    } catch (error) {
      this.#take(error)
      return undefined
    }
  }

  #lookForWork(member: VisitedMember, isPicture: boolean): void {
    if (definesTools(member.name) && !(member.isTop && isCountedList(member)))
      this.#toolsWithin += Array.isArray(member.value) ? member.value.length : 1
    if (isDescribedByProvider(member)) this.#toolsOfProvider += 1
    if (setsHostedWork(member, this.#route.endpoint.format.id === 'generate-content')) this.isUnbounded(member.name)
    else if (isPicture && !member.inContent && asksForPictures(member)) this.isUnbounded(member.name)
  }

  /**
   * Takes a refusal of a visit for what it says: that the member bounds nothing. Asks no more where another would change nothing, since a
   * refusal takes long to make, and many members may deserve one.
   *
   * @param found What to do then, if it says something else: that any model may run.
   */
  #tolerantly(visit: Visit, found?: () => void): Visit {
    // A walk has one way to the items of a list, so what is made of it is made once.
    let toItems: EachItem | undefined
    let each: EachItem = () => {}
    return (member, eachItem) => {
      if (this.#unbounded !== undefined && (found === undefined || this.#models === undefined)) return
      if (eachItem !== toItems) {
        toItems = eachItem
        each = (visitItem) => eachItem((item) => this.#attempt(() => visitItem(item), found))
      }
      try {
        visit(member, each)
      } catch (error) {
        this.#heed(error, found)
      }
    }
  }

  #attempt(look: () => void, found?: () => void): void {
    try {
      look()
    } catch (error) {
      this.#heed(error, found)
    }
  }

  #heed(error: unknown, found: (() => void) | undefined): void {
    if (found === undefined || !(error instanceof Refusal)) this.#take(error)
    else found()
  }

  #take(error: unknown): void {
    if (!(error instanceof Refusal)) throw error
    this.isUnbounded(error.details.param ?? 'body')
  }
}

/** Whether a member is a list of tools that {@link Measuring.need} counts by its name. */
function isCountedList({ name, value }: VisitedMember): boolean {
  return (name === 'tools' || name === 'functions') && Array.isArray(value)
}

/** Whether a setting could say by a name, in place of a definition, which tools the provider runs. */
function mayNameTools({ name, inContent, isTop, inSettings }: VisitedMember): boolean {
  return definesTools(name) && !inContent && (isTop || inSettings)
}

function namesTool(value: unknown): boolean {
  return value !== null && typeof value !== 'object' && value !== undefined && value !== false
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0
}
