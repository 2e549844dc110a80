module.exports = {
  production: {
    client: 'mysql2',
    connection: { socketPath: '/run/mysqld/mysqld.sock', user: 'api', password: process.env.API_PASSWORD, database: 'api' },
  },
};
