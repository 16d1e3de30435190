import { useEffect, useRef, useState } from 'preact/hooks'
import type { Operator } from './operator.js'
import { Name } from './parts/name.js'
import { hrefOf, useRoute } from './route.js'
import { onceOver } from './session.js'
import { viewsFor } from './views.js'

/** The whole page: navigation, and the view that the address names. */
export function App({ operator }: { readonly operator: Operator }) {
  const route = useRoute()
  const views = viewsFor(operator)
  const [isOver, setOver] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  const name = Object.hasOwn(views, route.name) ? route.name : (Object.keys(views)[0] as string)
  const { title, view: View } = views[name] as (typeof views)[string]
  useEffect(() => onceOver(() => setOver(true)), [])
  useEffect(() => {
    document.title = `${title} · Postern console`
    // Who uses a screen reader hears which view it is now.
    heading.current?.focus({ preventScroll: true })
  }, [title])
  return (
    <div class="frame">
      <a class="skip" href={hrefOf(route.name, route.params)} onClick={(event) => skipTo(event, heading.current)}>
        Skip to the content
      </a>
      <header class="side">
        <div class="side-inner">
          <p class="brand">
            <img src="/favicon.svg" alt="" width="26" height="26" /> Postern
          </p>
          <nav aria-label="Views">
            <ul>
              {Object.entries(views).map(([each, { title: text }]) => (
                <li key={each}>
                  <a href={hrefOf(each)} aria-current={each === name ? 'page' : undefined}>
                    {text}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <p class="who">
            <span>
              Open as <Name of={operator.name} />
              {operator.team === undefined ? undefined : (
                <>
                  , for <Name of={operator.team} /> alone
                </>
              )}
            </span>
            <span>All times are UTC</span>
          </p>
        </div>
      </header>
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {isOver ? (
          <div class="fault" role="alert">
            <p>
              This page may not ask any more: another page was opened, or the console was. Press Enter in the terminal for another link.
            </p>
          </div>
        ) : (
          <View route={{ ...route, name }} operator={operator} />
        )}
      </main>
    </div>
  )
}

function skipTo(event: Event, target: HTMLElement | null): void {
  event.preventDefault()
  target?.focus()
}
