const cluster = require("cluster");

const app = require("./app");
const database = require("./config/database");
const health = require("./health");
const logger = require("./utils/logger");
const redis = require("./config/redis");
const { host, port } = require("./config/env");

// What is being answered is answered; a connection that only waits for more is told to go. One of a cluster takes leave first:
// a connection that was on its way to it goes to another one, where a mere exit would leave it hanging.
async function stop() {
  app.on("request", (_, response) => response.setHeader("Connection", "close"));
  const left = new Promise((resolve) => {
    if (cluster.isWorker) {
      cluster.worker.once("disconnect", resolve);
      cluster.worker.disconnect();
    } else {
      app.close(resolve);
    }
  });
  app.closeIdleConnections();
  await left;
  await Promise.allSettled([database.destroy(), redis.quit()]);
  process.exit(0);
}

process.on("SIGINT", stop);
process.on("SIGTERM", stop);
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    logger.error(event, { error: error && error.stack });
    logger.on("finish", () => process.exit(1));
    logger.end();
  });
}

// Longer than nginx keeps them.
app.keepAliveTimeout = 65_000;

health.start().then(() => {
  app.listen(port, host, () => {
    logger.info("listening", { host, port });
    if (process.send) process.send("ready");
  });
});
