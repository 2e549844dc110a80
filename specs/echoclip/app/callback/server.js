// PORT=9090 REDIS_PORT=6379 node server.js
const http = require("http");
const net = require("net");

// Asks Redis in its own protocol, without a library.
function ping(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port, timeout: 2000 }, () => socket.write("PING\r\n"));
    socket.on("data", (answer) => {
      socket.destroy();
      String(answer).startsWith("+PONG") ? resolve() : reject(new Error("no pong"));
    });
    socket.on("timeout", () => socket.destroy(new Error("timeout")));
    socket.on("error", reject);
  });
}

const server = http.createServer(async (request, response) => {
  if (request.url !== "/health") {
    response.writeHead(404).end();
    return;
  }
  try {
    await ping(Number(process.env.REDIS_PORT || 6379));
    response.writeHead(200, { "Content-Type": "application/json" }).end('{"status": "healthy"}\n');
  } catch (error) {
    response.writeHead(503, { "Content-Type": "application/json" }).end('{"status": "unhealthy"}\n');
  }
});
server.listen(Number(process.env.PORT || 9090), "0.0.0.0");
process.on("SIGINT", () => server.close(() => process.exit(0)));
