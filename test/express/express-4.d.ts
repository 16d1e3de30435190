declare module 'express-4' {
  const express: unknown
  export default express
}
