// Answers with its process, its greeting and the number of its code; ends its requests before it ends itself.
const server = require("http").createServer((request, response) => {
    setTimeout(() => response.end(`${process.pid} ${process.env.GREETING} ${process.env.TOKEN.length} 1\n`), 20)
})
server.keepAliveTimeout = 1
server.listen(process.env.PORT, () => process.send && process.send("ready"))
process.on("SIGINT", () => server.close(() => process.exit(0)))
