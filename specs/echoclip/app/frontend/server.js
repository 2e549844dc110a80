// PORT=3000 BACKEND=http://127.0.0.1:8001 node server.js
const http = require("http");
const mime = require("mime");

const backend = process.env.BACKEND || "http://127.0.0.1:8001";
const page = `<!doctype html><title>EchoClip</title><h1>EchoClip (stand-in)</h1><p>${backend}</p>\n`;

const server = http.createServer((request, response) => {
  if (request.url === "/") {
    response.writeHead(200, { "Content-Type": mime.getType("html") });
    response.end(page);
  } else {
    response.writeHead(404).end();
  }
});
server.listen(Number(process.env.PORT || 3000), "0.0.0.0");
process.on("SIGINT", () => server.close(() => process.exit(0)));
