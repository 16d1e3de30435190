export function Brand() {
  return (
    <h1 className="brand">
      <svg viewBox="0 0 20 24" width="20" height="24" aria-hidden="true">
        <path fill="currentColor" d="M2 23V10a8 8 0 0 1 16 0v13Z" />
        <circle className="knob" cx="13.6" cy="14.6" r="1.6" />
      </svg>
      Postern <span>browser chat</span>
    </h1>
  )
}
